"""Runs a user's code as ``python -c`` would, and gives its output and exit status."""

import contextlib
import io
import linecache
import sys
import time
import traceback
from typing import Any


class BoundedText(io.TextIOBase):
    """Keeps the first ``limit`` characters that are written and counts the rest."""

    def __init__(self, limit: int) -> None:
        self._pieces: list[str] = []
        self._room = limit
        self.dropped = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        kept = text[: self._room]
        if kept:
            self._pieces.append(kept)
            self._room -= len(kept)
        self.dropped += len(text) - len(kept)
        return len(text)

    def text(self) -> str:
        # A lone surrogate can't be written by the controller; Python shows it the same way.
        return "".join(self._pieces).encode("utf-8", "backslashreplace").decode("utf-8")


def exit_status(code: object, stderr: BoundedText) -> int:
    """The status that ``SystemExit(code)`` gives a Python process (0 to 255)."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    stderr.write(f"{code}\n")
    return 1


def execute(source: str, name: str, stderr: BoundedText) -> int:
    """Run the source in a fresh ``__main__`` namespace; give its exit status."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        code = compile(source, name, "exec")
        exec(code, {"__name__": "__main__", "__builtins__": __builtins__})
    except SystemExit as error:
        return exit_status(error.code, stderr)
    except KeyboardInterrupt:
        stderr.write("KeyboardInterrupt\n")
        return 130
    except BaseException as error:
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename != name:
            frames = frames.tb_next
        stderr.write("".join(traceback.format_exception(type(error), error, frames)))
        return 1
    finally:
        linecache.cache.pop(name, None)
    return 0


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"code", "name", "limit"}``; give output, exit status and what was dropped."""
    stdout = BoundedText(arguments["limit"])
    stderr = BoundedText(arguments["limit"])
    begun = time.monotonic()
    before = sys.stdout, sys.stderr
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            status = execute(arguments["code"], arguments["name"], stderr)
    finally:
        # The code may have put other streams there.
        sys.stdout, sys.stderr = before
    return {
        "stdout": stdout.text(),
        "stderr": stderr.text(),
        "exit": status,
        "duration_s": time.monotonic() - begun,
        "dropped": {"stdout": stdout.dropped, "stderr": stderr.dropped},
    }
