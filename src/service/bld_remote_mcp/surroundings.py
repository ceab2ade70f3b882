"""Puts right, after user code, what the service can't live with.

Whatever else the code has changed in Python is its user's, and stays: modules that it has patched,
its handlers of other signals, its garbage collection, higher limits. What traces and profiles is
taken back by the guard (`interruption.py`), which is the last of the service's code around it.
"""

import base64
import builtins
import faulthandler
import importlib.util
import io
import linecache
import os
import os.path
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .program_failure import exit_status

if TYPE_CHECKING:
    from typing_extensions import Self

after_user_code: list[Callable[[], None]] = []
"""Called on the thread of user code after each run, for what others of the service put right."""

# Python's own, without the enumerations that signal makes of every number: it is called each time.
_signal: Any = import_module("_signal")
_ATTEMPTS = range(10)
_MAIN_THREAD = threading.main_thread().ident
# Builtins may be gone when these are called.
_all = all
_map: Callable[[Callable[[str], Any], Iterable[str]], Iterable[Any]] = map
_get_ident = threading.get_ident
_getpid = os.getpid
_nothing: Callable[[], object] = int
_exit = os._exit
_fstat = os.fstat


# What no code can mean to be without: deleted, or None, it leaves nothing working.
_USED = {
    os: ("close", "dup2", "fstat", "fsync", "getpid", "open", "set_inheritable", "unlink"),
    signal: ("getitimer", "getsignal", "pthread_sigmask", "setitimer", "signal", "set_wakeup_fd"),
    sys: ("exc_info", "getrecursionlimit", "setrecursionlimit", "setswitchinterval"),
    time: ("monotonic", "perf_counter", "sleep", "time"),
    traceback: ("format_exception",),
    base64: ("b64decode", "b64encode"),
    importlib.util: ("decode_source",),
    io: ("BytesIO", "StringIO", "TextIOWrapper"),
    linecache: ("checkcache", "getline", "getlines"),
    os.path: ("basename", "dirname", "exists", "isabs", "join", "realpath", "split"),
    tempfile: ("SpooledTemporaryFile", "TemporaryFile"),
    warnings: ("catch_warnings", "simplefilter"),
}
_NEEDED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    *(
        (vars(module), {name: value for name, value in vars(module).items() if callable(value)})
        for module in (builtins, threading)
    ),
    *(
        (vars(module), {name: vars(module)[name] for name in names if hasattr(module, name)})
        for module, names in _USED.items()
    ),
]
_TIMERS = [
    getattr(signal, name)
    for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")
    if hasattr(signal, name)
]
_SIGPIPE: int | None = getattr(_signal, "SIGPIPE", None)


class Surroundings:
    """A context manager around user code, and nothing else: a forked child ends in it."""

    def __enter__(self) -> "Self":
        """Note what is to be as it was."""
        self._process = _getpid()
        self._recursion = sys.getrecursionlimit()
        self._switching = sys.getswitchinterval()
        self._stack_size = threading.stack_size()
        self._path = sys.path
        self.stop_alarm: Callable[[], object] = _nothing
        self._on_main = _get_ident() == _MAIN_THREAD
        if sys.platform != "win32":
            self._masked = _signal.pthread_sigmask(_signal.SIG_BLOCK, ())
            self._idle = [each for each in _TIMERS if _signal.getitimer(each)[0] == 0]
            self._limits = [getrlimit(number) for number in _LIMITS]
            # To be called first of all, before a Python instruction: a handler that raises every
            # microsecond lets none of ours run.
            if _signal.ITIMER_REAL in self._idle:
                self.stop_alarm = partial(_signal.setitimer, _signal.ITIMER_REAL, 0)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _frames: TracebackType | None,
    ) -> None:
        """Put things right. In a child that the code has forked: end, as a program would here.

        The child has the main thread alone, so it must not go on to what may need another's lock.
        """
        for _ in _ATTEMPTS:
            try:
                _restore_names()
                if _getpid() != self._process:
                    _exit(_status(error))
                self._put_right()
                return
            except:  # noqa: E722 - a handler of the user's for a signal that comes just now
                pass

    def _put_right(self) -> None:
        sys.setrecursionlimit(max(self._recursion, sys.getrecursionlimit()))
        sys.setswitchinterval(self._switching)
        if threading.stack_size() != self._stack_size:  # With a huge one no client gets a thread
            threading.stack_size(self._stack_size)
        if not isinstance(vars(sys).get("path"), list):
            sys.path = self._path
        faulthandler.cancel_dump_traceback_later()  # It may be one that ends the process
        if sys.platform != "win32":
            for each in self._idle:
                _signal.setitimer(each, 0)
            if self._limits != [getrlimit(number) for number in _LIMITS]:
                _restore_limits(self._limits)
            _signal.pthread_sigmask(_signal.SIG_SETMASK, self._masked)
            open_standard_descriptors()
        if self._on_main:
            ignore_broken_pipes()
        for each in after_user_code:
            each()


def ignore_broken_pipes() -> None:
    """Let a reader that has gone be an error, and not Blender's end. On the main thread.

    The Python of some Blenders starts with the system's default, which ends the process.
    """
    if _SIGPIPE is not None and _signal.getsignal(_SIGPIPE) == _signal.SIG_DFL:
        _signal.signal(_SIGPIPE, _signal.SIG_IGN)


def open_standard_descriptors() -> None:
    """Let 0 to 2 be open, so that no file and no client gets a number that Blender prints to."""
    for number in (0, 1, 2):
        try:
            _fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)


def _restore_names() -> None:
    for names, needed in _NEEDED:
        if not _all(_map(names.get, needed)):  # Quickly: what can be called counts as true
            for name, value in needed.items():
                if names.get(name) is None:
                    names[name] = value


if sys.platform != "win32":
    import resource
    from resource import getrlimit, setrlimit

    _LIMITS = [
        getattr(resource, name)
        for name in (
            "RLIMIT_CPU",
            "RLIMIT_NOFILE",
            "RLIMIT_AS",
            "RLIMIT_DATA",
            "RLIMIT_FSIZE",
            "RLIMIT_NPROC",
        )
        if hasattr(resource, name)
    ]

    def _restore_limits(before: list[tuple[int, int]]) -> None:
        for number, (soft, _hard) in zip(_LIMITS, before, strict=True):
            with suppress(OSError, ValueError):  # Code has lowered the hard one, for good
                setrlimit(number, (soft, getrlimit(number)[1]))


def _status(error: BaseException | None) -> int:
    if error is None:
        return 0
    return exit_status(error.code) if isinstance(error, SystemExit) else 1
