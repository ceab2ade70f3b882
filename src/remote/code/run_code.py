"""Runs a user's code as ``python -c`` would, and gives its output and exit status."""

import base64
import builtins
import contextlib
import importlib.util
import io
import linecache
import sys
import time
import traceback
from typing import TYPE_CHECKING, TypedDict

import bpy

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class BoundedBytes(io.BufferedIOBase):
    """Keeps the first ``limit`` bytes that are written and counts the rest."""

    def __init__(self, attribute: str, limit: int) -> None:
        """``attribute``: the stream's name in ``sys``, "stdout" or "stderr"."""
        super().__init__()
        self.name = f"<{attribute}>"
        self._attribute = attribute
        self._limit = limit
        self._finished = False
        self.kept = bytearray()
        self.dropped = 0

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        written = bytes(data)
        if self._finished:
            self._write_late(written)
            return len(written)
        room = max(0, self._limit - len(self.kept))
        self.kept += written[:room]
        self.dropped += max(0, len(written) - room)
        return len(written)

    def finish(self) -> None:
        """End the capture: from now on writes go where the stream is then."""
        self._finished = True

    def _write_late(self, data: bytes) -> None:
        # A logging handler or a thread of earlier code still holds this stream.
        now = getattr(sys, self._attribute)
        if getattr(now, "buffer", None) is self:
            now = getattr(sys, f"__{self._attribute}__")
        if now is not None:
            now.write(data.decode("utf-8", "replace"))


def text_stream(sink: BoundedBytes, errors: str) -> io.TextIOWrapper:
    """Give what code sees as ``sys.stdout``: as in Python, but nothing waits in a buffer."""
    # The wrapper's buffer is public to code, which may write bytes to it.
    return io.TextIOWrapper(sink, encoding="utf-8", errors=errors, newline="\n", write_through=True)


def show(text: str, stderr: BoundedBytes) -> None:
    """Write to the code's stderr, even where the code has put another stream there or closed it."""
    stderr.write(text.encode("utf-8", "backslashreplace"))


def exit_status(code: object, stderr: BoundedBytes) -> int:
    """Give the status that ``SystemExit(code)`` gives a Python process (0 to 255)."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    show(f"{code}\n", stderr)
    return 1


def remember_lines(source: bytes, name: str) -> None:
    """Let tracebacks show the source's lines."""
    # What can't be decoded can't be compiled either, and the error of that says more.
    with contextlib.suppress(SyntaxError, UnicodeDecodeError):
        text = importlib.util.decode_source(source)
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)


def execute(source: bytes, name: str, stderr: BoundedBytes) -> int:
    """Run the source in a fresh ``__main__`` namespace; give its exit status."""
    remember_lines(source, name)
    # With bpy, which other clients of such services have always given to their users' code.
    namespace = {"__name__": "__main__", "__builtins__": builtins, "bpy": bpy}
    try:
        exec(compile(source, name, "exec"), namespace)
    except SystemExit as error:
        return exit_status(error.code, stderr)
    except KeyboardInterrupt:
        show("KeyboardInterrupt\n", stderr)
        return 130
    except BaseException as error:
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename != name:
            frames = frames.tb_next
        show("".join(traceback.format_exception(type(error), error, frames)), stderr)
        return 1
    finally:
        linecache.cache.pop(name, None)
    return 0


class UserCode(TypedDict):
    """Code to run: in base64, with its file name and ``sys.argv``.

    ``limit``: how many bytes of each stream are kept.
    """

    code: str
    name: str
    argv: list[str]
    limit: int


class Dropped(TypedDict):
    """How many bytes of each stream were dropped."""

    stdout: int
    stderr: int


class CodeRun(TypedDict):
    """What code wrote, in base64, its exit status and its duration in seconds."""

    stdout: str
    stderr: str
    exit: int
    duration_s: float
    dropped: Dropped


def main(arguments: UserCode) -> CodeRun:
    """Run the code, and put ``sys`` back as it was."""
    out = BoundedBytes("stdout", arguments["limit"])
    err = BoundedBytes("stderr", arguments["limit"])
    source = base64.b64decode(arguments["code"])
    begun = time.monotonic()
    before = sys.stdout, sys.stderr, sys.argv
    sys.argv = arguments["argv"]
    # What Python's UTF-8 mode does, in which Blender's Python runs.
    sys.stdout = text_stream(out, "surrogateescape")
    sys.stderr = text_stream(err, "backslashreplace")
    try:
        status = execute(source, arguments["name"], err)
    finally:
        sys.stdout, sys.stderr, sys.argv = before
        out.finish()
        err.finish()
    return {
        "stdout": base64.b64encode(out.kept).decode("ascii"),
        "stderr": base64.b64encode(err.kept).decode("ascii"),
        "exit": status,
        "duration_s": time.monotonic() - begun,
        "dropped": {"stdout": out.dropped, "stderr": err.dropped},
    }
