"""Raising KeyboardInterrupt in user code on the main thread, and nowhere else."""

import ctypes
import signal
import sys
import threading
from _thread import interrupt_main, start_new_thread
from collections.abc import Callable
from importlib import import_module
from threading import Lock, current_thread, get_ident, main_thread
from time import sleep
from types import FrameType
from typing import Any

_set_async_exception = ctypes.pythonapi.PyThreadState_SetAsyncExc
_set_async_exception.argtypes = (ctypes.c_ulong, ctypes.py_object)

# Python's own, without the enumerations that signal makes of every number: it is called each time.
_signal: Any = import_module("_signal")

# An exception that another thread sets is raised at the next Python instruction, so not in a system
# call such as the one under time.sleep(). A signal ends that. SIGURG, because one that nobody
# expects is ignored by default; Windows has few, and this one from a keyboard alone.
_SIGNAL: signal.Signals = signal.SIGBREAK if sys.platform == "win32" else signal.SIGURG


def _end_system_call(thread: int, number: signal.Signals) -> None:
    if sys.platform == "win32":
        interrupt_main(number)
        # What time.sleep() waits for as well; Python sets it when it hears of Ctrl-C.
        event = ctypes.pythonapi._PyOS_SigintEvent
        event.restype = ctypes.c_void_p
        ctypes.windll.kernel32.SetEvent(ctypes.c_void_p(event()))
    else:
        _signal.pthread_kill(thread, number)


class UserCodeGuard:
    """Knows when user code is running, and interrupts it then.

    An interruption takes effect between two Python instructions, and in system calls that Python
    makes on the main thread; of these on Windows only in time.sleep(), and elsewhere not where the
    code ignores or blocks SIGURG. Not in a call into C that doesn't return, such as a render. One
    that comes where Python ignores what is raised, as in __del__(), is sent again behind that.
    """

    def __init__(self) -> None:
        """Nothing is running."""
        self._lock = Lock()
        self._thread: int | None = None
        self._name: str | None = None
        self._number = 0
        self._shut = False
        self._sent = False
        self._signal: signal.Signals | None = None
        self.runs = 0
        """How many times code has begun to run, but for what wasn't to be counted."""
        self._counts = False

    @property
    def running(self) -> bool:
        """Whether code that counts is running."""
        return self._thread is not None and self._counts

    def run(
        self, code: Callable[[], None], name: str | None = None, *, counts: bool = True
    ) -> BaseException | None:
        """Run user code; what it raised, of whatever kind, or None. interrupt() may name it.

        Afterwards nothing traces or profiles that didn't before: it would go on in the service.
        """
        self._name = name
        self._number += 1
        self._sent = False
        self.runs += counts
        self._counts = counts
        tracing = _Tracing()
        unraisable = sys.unraisablehook
        sys.unraisablehook = hook = self._ignoring(unraisable)
        # Only the main thread may set handlers; tests run code on others.
        self._signal = _SIGNAL if current_thread() is main_thread() else None
        before = None
        if self._signal is not None:
            before = _signal.getsignal(self._signal)
            _signal.signal(self._signal, self._waking(before))
            if hasattr(_signal, "pthread_sigmask"):
                _signal.pthread_sigmask(_signal.SIG_UNBLOCK, [self._signal])
        try:
            return self._run(code, tracing)
        except KeyboardInterrupt as error:  # Raised after the code's end, in _run()
            self._settle()
            return error
        finally:
            tracing.restore_rest()
            if sys.unraisablehook is hook:
                sys.unraisablehook = unraisable
            if self._signal is not None:
                # None is a handler in C, which Python can't put back.
                _signal.signal(self._signal, _signal.SIG_DFL if before is None else before)

    def interrupt(self, name: str | None = None) -> bool:
        """Raise KeyboardInterrupt in the running code, from any thread; whether there was any.

        With a name, only in code that was run under it. No other code can begin meanwhile, because
        the running code needs the lock, which this method holds, before it ends.
        """
        with self._lock:
            thread = self._thread
            if thread is None or (name is not None and name != self._name):
                return False
            self._send(thread)
            return True

    def shut(self) -> None:
        """Let no more code begin: run() returns KeyboardInterrupt. Safe in a signal handler."""
        self._shut = True

    def raise_if_running(self) -> None:
        """For signal handlers, which run on the main thread: KeyboardInterrupt in user code."""
        if self._thread is not None:
            raise KeyboardInterrupt

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """A signal handler that is raise_if_running()."""
        self.raise_if_running()

    def _send(self, thread: int) -> None:
        self._sent = True
        _set_async_exception(thread, ctypes.py_object(KeyboardInterrupt))
        # It is raised in the handler, ours or one of the code's own, if not before.
        if self._signal is not None:
            _end_system_call(thread, self._signal)

    def _ignoring(
        self, before: Callable[["sys.UnraisableHookArgs"], object]
    ) -> Callable[["sys.UnraisableHookArgs"], None]:
        """Give a hook for what Python ignores, which has an interruption sent again."""
        number = self._number

        def ignore(ignored: "sys.UnraisableHookArgs") -> None:
            ours = self._sent and get_ident() == self._thread
            if ours and issubclass(ignored.exc_type, KeyboardInterrupt):
                start_new_thread(self._send_again, (number,))
            else:
                before(ignored)

        return ignore

    def _send_again(self, number: int) -> None:
        sleep(0.01)  # Until the hook has returned, in which it would be ignored as well.
        with self._lock:
            if self._thread is not None and self._number == number:
                self._send(self._thread)

    def _waking(self, before: object) -> Callable[[int, FrameType | None], None]:
        """Give a handler for what interrupt() sends; what others send goes where it went.

        Being called is enough: a pending exception is raised at the first instruction.
        """

        def wake(number: int, frame: FrameType | None) -> None:
            if not self._sent and callable(before):
                before(number, frame)

        return wake

    def _run(self, code: Callable[[], None], tracing: "_Tracing") -> BaseException | None:
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
                sys.settrace(tracing.trace)
                sys.setprofile(tracing.profile)
            self._settle()
        except BaseException as error:
            failure = error
        # Again, because what the code left there may have raised something instead of going.
        sys.settrace(tracing.trace)
        sys.setprofile(tracing.profile)
        self._settle()
        try:
            return failure
        finally:
            del failure  # Its traceback holds this frame: a cycle, with all of the code's objects

    def _settle(self) -> None:
        """Have an interruption raised here that has not been raised yet, so that it hits no more.

        Taking it back with PyThreadState_SetAsyncExc(id, NULL) isn't possible: CPython 3.11 then
        believes for ever that one is pending, and hangs as soon as something traces or profiles.
        """
        self._thread = None
        with self._lock:  # From here on none is sent
            sent = self._sent  # It stays: the handler is called in the loop, and has to know it
        if sent:
            try:  # What is pending comes at the latest where a loop begins again.
                for _ in range(10):
                    pass
            except KeyboardInterrupt:
                return


class _Tracing:
    """What traced and profiled when this was made."""

    def __init__(self) -> None:
        self.trace, self.profile = sys.gettrace(), sys.getprofile()
        self._new_trace, self._new_profile = threading.gettrace(), threading.getprofile()
        self._profiler = _profiler()

    def restore_rest(self) -> None:
        """Undo what has changed elsewhere than on this thread."""
        # One that raises would end the thread of each new client.
        if threading.gettrace() is not self._new_trace:
            # Python 3.12 and newer can have set it for threads that run already, too.
            getattr(threading, "settrace_all_threads", threading.settrace)(self._new_trace)
            sys.settrace(self.trace)
        if threading.getprofile() is not self._new_profile:
            getattr(threading, "setprofile_all_threads", threading.setprofile)(self._new_profile)
            sys.setprofile(self.profile)
        if sys.version_info >= (3, 12) and self._profiler is None and _profiler() is not None:
            sys.monitoring.set_events(sys.monitoring.PROFILER_ID, 0)
            sys.monitoring.free_tool_id(sys.monitoring.PROFILER_ID)


def _profiler() -> str | None:
    """What profiles in Python 3.12 and newer. A cProfile that is left on would refuse any other."""
    if sys.version_info < (3, 12):
        return None
    return sys.monitoring.get_tool(sys.monitoring.PROFILER_ID)
