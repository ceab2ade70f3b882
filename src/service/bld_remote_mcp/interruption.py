"""Raising KeyboardInterrupt in user code on the main thread, and nowhere else."""

import ctypes
import signal
from collections.abc import Callable
from threading import Lock, get_ident

_set_async_exception = ctypes.pythonapi.PyThreadState_SetAsyncExc
_set_async_exception.argtypes = (ctypes.c_ulong, ctypes.py_object)

# A signal also ends a system call such as the one under time.sleep(), which an exception set from
# another thread can't. SIGURG, because one that nobody expects is ignored by default.
SIGNAL = getattr(signal, "SIGURG", None) if hasattr(signal, "pthread_kill") else None


class UserCodeGuard:
    """Knows when user code is running, and interrupts it then.

    An interruption takes effect between two Python instructions: a call into C that doesn't
    return, such as a render, can't be interrupted.
    """

    def __init__(self) -> None:
        """Nothing is running."""
        self._lock = Lock()
        self._thread: int | None = None
        self._name: str | None = None
        self._shut = False
        # Set by the main loop while it handles SIGNAL with raise_if_running().
        self.signal_handled = False

    def run(self, code: Callable[[], None], name: str | None = None) -> BaseException | None:
        """Run user code; what it raised, of whatever kind, or None. interrupt() may name it."""
        self._name = name
        try:
            return self._run(code)
        except KeyboardInterrupt as error:  # Raised after the code's end, in _run()
            self._settle()
            return error

    def interrupt(self, name: str | None = None) -> bool:
        """Raise KeyboardInterrupt in the running code, from any thread; whether there was any.

        With a name, only in code that was run under it. No other code can begin meanwhile, because
        the running code needs the lock, which this method holds, before it ends.
        """
        with self._lock:
            if self._thread is None or (name is not None and name != self._name):
                return False
            if self.signal_handled and SIGNAL is not None:
                signal.pthread_kill(self._thread, SIGNAL)
            else:
                _set_async_exception(self._thread, ctypes.py_object(KeyboardInterrupt))
            return True

    def shut(self) -> None:
        """Let no more code begin: run() returns KeyboardInterrupt. Safe in a signal handler."""
        self._shut = True

    def raise_if_running(self) -> None:
        """For signal handlers, which run on the main thread: KeyboardInterrupt in user code."""
        if self._thread is not None:
            raise KeyboardInterrupt

    def _run(self, code: Callable[[], None]) -> BaseException | None:
        failure: BaseException | None = None
        self._thread = get_ident()
        try:
            try:
                if self._shut:
                    raise KeyboardInterrupt
                code()
            finally:
                # From here on interrupt() raises nothing, but an earlier one may still be pending.
                self._thread = None
            self._settle()
        except BaseException as error:
            failure = error
        self._settle()
        try:
            return failure
        finally:
            del failure  # Its traceback holds this frame: a cycle, with all of the code's objects

    def _settle(self) -> None:
        """Withdraw an interruption that has not been raised yet, so that it hits no other code."""
        self._thread = None
        with self._lock:
            _set_async_exception(get_ident(), ctypes.py_object())
