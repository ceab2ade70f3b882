"""Puts back what of Python's own state a program leaves changed: the next one begins afresh."""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress


@contextmanager
def kept() -> Generator[None]:
    """Put back hooks, filters of warnings, the root logger, sys.path and the working folder.

    Not os.environ nor anything of Blender's: to change those may be what the program is for.
    """
    hooks = sys.excepthook, sys.displayhook, threading.excepthook
    limit = sys.getrecursionlimit()
    path = list(sys.path)
    root = logging.getLogger()
    handlers, level, disabled = list(root.handlers), root.level, root.manager.disable
    folder = _working_folder()
    try:
        with warnings.catch_warnings():
            yield
    finally:
        sys.excepthook, sys.displayhook, threading.excepthook = hooks
        sys.setrecursionlimit(limit)
        sys.path[:] = path
        root.handlers[:] = handlers
        root.setLevel(level)
        root.manager.disable = disabled
        if folder is not None:
            with suppress(OSError):
                os.chdir(folder)


def _working_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # It was removed
        return None
