"""Puts back what of Python's own state a program leaves changed: the next one begins afresh."""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FunctionType


@contextmanager
def kept(names: dict[str, object]) -> Generator[None]:
    """Put back filters of warnings, the working folder, and hooks and handlers of the program's.

    `names`: the program's globals, by which its own functions are known. What an add-on sets that
    the program has enabled stays, such as its hooks and its folders in sys.path; so do os.environ
    and all of Blender's: to change those may be what the program is for.
    """
    hooks = sys.excepthook, sys.displayhook, threading.excepthook
    sys.excepthook = sys.__excepthook__
    limit = sys.getrecursionlimit()
    streams = sys.stdout, sys.stderr
    root = logging.getLogger()
    handlers, level, disabled = list(root.handlers), root.level, root.manager.disable
    folder = _working_folder()
    try:
        with warnings.catch_warnings():
            yield
    finally:
        sys.excepthook, sys.displayhook, threading.excepthook = (
            before if now is sys.__excepthook__ or _is_of(names, now) else now
            for before, now in zip(
                hooks, (sys.excepthook, sys.displayhook, threading.excepthook), strict=True
            )
        )
        sys.setrecursionlimit(limit)
        if _without_streams(root, streams, handlers):
            root.setLevel(level)
        root.manager.disable = disabled
        if folder is not None:
            with suppress(OSError):
                os.chdir(folder)


def _is_of(names: dict[str, object], hook: object) -> bool:
    """Whether a hook is the program's own, or none that could be called."""
    if isinstance(hook, FunctionType):
        return hook.__globals__ is names
    return not callable(hook)


def _without_streams(
    root: logging.Logger, streams: tuple[object, ...], before: list[logging.Handler]
) -> bool:
    """Take away new handlers that write to the program's streams; whether there were any."""
    new = [
        one
        for one in root.handlers
        if one not in before and getattr(one, "stream", None) in streams
    ]
    for one in new:
        root.removeHandler(one)
    return bool(new)


def _working_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # It was removed
        return None
