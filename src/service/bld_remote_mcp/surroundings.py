"""Puts right, after user code, what the service can't live with.

Whatever else the code has changed in Python is its user's, and stays: modules that it has patched,
its handlers of other signals, its trace functions, its garbage collection, higher limits.
"""

import base64
import builtins
import faulthandler
import importlib.util
import io
import linecache
import logging
import os
import os.path
import select
import signal
import socket
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
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

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


def _callables(module: ModuleType) -> "_Needed":
    names = vars(module)
    return names, {name: value for name, value in names.items() if callable(value)}


# What no code can mean to be without: the names that deleted or None would leave nothing working.
_Needed = tuple[dict[str, Any], dict[str, Any]]
_BUILTINS: _Needed = _callables(builtins)
_MODULES: list[_Needed] = [
    _callables(module)
    for module in (
        *(logging, os, select, signal, socket, sys, threading, time, traceback),
        *(base64, importlib.util, io, linecache, os.path, tempfile, warnings),
    )
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
        self._trace, self._profile = threading.gettrace(), threading.getprofile()
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
                _restore_names(*_BUILTINS)
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
        # One that raises would end the thread of each new client.
        if (threading.gettrace(), threading.getprofile()) != (self._trace, self._profile):
            threading.settrace(self._trace)  # pyright: ignore[reportArgumentType]
            threading.setprofile(self._profile)
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


def restore_modules() -> None:
    """Give Python's modules back what code has taken from them, after a run and its answer.

    It takes as long as the rest together, so no answer waits for it.
    """
    for names, needed in _MODULES:
        _restore_names(names, needed)


def _restore_names(names: dict[str, Any], needed: dict[str, Any]) -> None:
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
    if not isinstance(error, SystemExit):
        return 1
    code = 0 if error.code is None else error.code
    return code & 0xFF if isinstance(code, int) else 1
