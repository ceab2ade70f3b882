"""Tries to import modules as a Blender would that is started anew: ``ORDER REPORT``.

Each is tried in a process of its own, so whatever one of them does says nothing about the others.
What only Blender has isn't there: what asks for that can only be tried inside Blender.
"""

import contextlib
import importlib.abc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypedDict

# Where an import waits for something that never comes; and for all of them together.
LIMIT_SECONDS = 60
WHOLE_LIMIT_SECONDS = 300

AT_ONCE = 4

# Of an exception: characters of its text, and lines of the way to it. It may be of any size.
TEXT_LIMIT = 2000
LINES_LIMIT = 20


class ImportOrder(TypedDict):
    """Blender's path, what to import, and which modules only a running Blender has."""

    path: list[str]
    modules: list[str]
    built_in: list[str]


class TriedModule(TypedDict):
    """How an import went; ``error`` is null where it worked, ``lines`` where it failed."""

    module: str
    error: str | None
    lines: list[str]
    # It asked for what only Blender has, so it may go otherwise there.
    needs_blender: bool


class Hidden(importlib.abc.MetaPathFinder):
    """Sees to it that what only Blender has isn't found, and notes whether it is asked for."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = set(names)
        self.asked = False

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Refuse Blender's own; leave all else to the other finders."""
        if fullname.partition(".")[0] in self.names:
            self.asked = True
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def error_text(error: BaseException) -> str:
    text = type(error).__name__
    # A class of somebody's own may not even be able to say what it is.
    with contextlib.suppress(BaseException):
        said = str(error)
        text = f"{text}: {said}" if said else text
    return text[:TEXT_LIMIT]


def error_lines(error: BaseException) -> list[str]:
    frames = [
        f"{frame.f_code.co_filename[-TEXT_LIMIT:]}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if "importlib" not in frame.f_code.co_filename
    ]
    # The first one is here.
    return frames[1:][-LINES_LIMIT:]


def try_one(order: ImportOrder, module: str) -> TriedModule:
    """Import a module in this process, whatever comes of it."""
    # What `.pth` files have added at this start, Blender's next start adds as well.
    added = [place for place in sys.path if place not in order["path"]]
    sys.path[:] = [*order["path"], *added]
    del sys.argv[1:]
    # What this interpreter has as well isn't Blender's alone.
    hidden = Hidden({*order["built_in"]} - {*sys.builtin_module_names})
    sys.meta_path.insert(0, hidden)
    error: str | None = None
    lines: list[str] = []
    try:
        importlib.import_module(module)
    except BaseException as raised:
        error, lines = error_text(raised), error_lines(raised)
    return {"module": module, "error": error, "lines": lines, "needs_blender": hidden.asked}


def write(path: str, found: object) -> None:
    Path(f"{path}.part").write_text(json.dumps(found), encoding="utf-8")
    os.replace(f"{path}.part", path)


def end_text(status: int) -> str:
    """Tell how a process ended that didn't report: as half a sentence."""
    if status < 0:
        try:
            return f"Python crashes ({signal.Signals(-status).name})"
        except ValueError:
            return f"Python ends by signal {-status}"
    return f"Python ends with exit status {status}"


def try_apart(order_path: str, module: str, report: str, until: float) -> TriedModule | None:
    """Have a module imported by a process of its own; None where there is no time left for it."""
    seconds = min(LIMIT_SECONDS, until - time.monotonic())
    if seconds <= 0:
        return None
    command = [sys.executable, "-I", "-X", "utf8", __file__, order_path, report, module]
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere) as process:
        try:
            ended = end_text(process.wait(seconds))
        except subprocess.TimeoutExpired:
            # From outside: one that has hold of Python's lock can't be ended from within.
            process.kill()
            ended = f"it isn't done after {seconds:.0f} s"
    try:
        return json.loads(Path(report).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"module": module, "error": ended, "lines": [], "needs_blender": False}


def main(order_path: str, report_path: str, module: str | None = None) -> None:
    """Import what the order names and report each, or import the one module and report that."""
    order: ImportOrder = json.loads(Path(order_path).read_text(encoding="utf-8"))
    if module is not None:
        write(report_path, try_one(order, module))
        # What was imported may have started threads that don't end.
        os._exit(0)
    until = time.monotonic() + WHOLE_LIMIT_SECONDS
    found: list[TriedModule] = []
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        runs = [
            pool.submit(try_apart, order_path, one, os.path.join(folder, str(number)), until)
            for number, one in enumerate(order["modules"])
        ]
        for run in runs:
            tried = run.result()
            if tried is not None:
                found.append(tried)
            # After each, should one of them end this process as well.
            write(report_path, found)


if __name__ == "__main__":
    main(*sys.argv[1:])
