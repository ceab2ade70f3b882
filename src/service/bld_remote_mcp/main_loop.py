"""Serves a Blender without a window: occupies its main thread and runs jobs as they come."""

import _thread
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from types import FrameType
from typing import Any

from . import surroundings
from .log import logger
from .server import Server
from .wakeup import Wakeup

Handler = Callable[[int, FrameType | None], None]

_STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")
_in_child: list[Callable[[], None]] = []
_masks: dict[int, set[Any]] = {}


def serve(server: Server) -> None:
    """Run jobs until the server is asked to stop, then close it. On the main thread.

    The first SIGINT or SIGTERM asks for that too and interrupts running code; the next one does
    what it does by default. (While a program of `execute` runs, SIGINT is for that alone.)
    """
    received: list[signal.Signals] = []

    def on_stop_signal(number: int, _frame: FrameType | None) -> None:
        received.append(signal.Signals(number))
        for each in _stop_signals():
            signal.signal(each, signal.SIG_DFL)
        server.stop_running_code_soon()
        server.guard.raise_if_running()

    handlers: dict[signal.Signals, Handler] = dict.fromkeys(_stop_signals(), on_stop_signal)
    sleep = _Sleep()

    def after_user_code() -> None:
        if not received:
            for number, handler in handlers.items():
                _set_handler(number, handler)
        sleep.check()

    def in_child() -> None:
        for number, handler in handlers.items():
            if signal.getsignal(number) is handler:
                signal.signal(number, _python_handler(number))
        sleep.leave()

    with (
        closing(sleep),
        _handling(handlers),
        _interrupting(server),
        _listed(surroundings.after_user_code, after_user_code),
        _listed(_in_child, in_child),
    ):
        server.jobs.wake_main_thread = sleep.end
        try:
            _persist(lambda: _run_jobs(server, sleep))
        finally:
            if received:
                logger.info("Received %s", received[0].name)
            server.close()


class _Sleep:
    """What the main thread sleeps on; made again where code has closed its descriptors."""

    def __init__(self) -> None:
        self._wakeup = Wakeup()
        self._number = self._wakeup.signal_descriptor
        self._before = _wake_on_signals(self._number)

    def end(self) -> None:
        self._wakeup.set()

    def until_woken(self) -> None:
        self.check()
        self._wakeup.wait()

    def check(self) -> None:
        if self._wakeup.lost:
            self._wakeup.close()
            self._wakeup = Wakeup()
            self._number = self._wakeup.signal_descriptor
        _wake_on_signals(self._number)

    def leave(self) -> None:
        """In a forked child, which has closed it: let signals write to no file of that number."""
        number = signal.set_wakeup_fd(-1)
        if number != self._number:
            _wake_on_signals(number)

    def close(self) -> None:
        _wake_on_signals(self._before)
        self._wakeup.close()


def _run_jobs(server: Server, sleep: _Sleep) -> None:
    while not server.stop_requested:
        if not server.jobs.run_next():
            sleep.until_woken()


def _persist(work: Callable[[], None]) -> None:
    """Do the work until it returns, whatever it, or a signal handler of the user's, raises.

    Two nested attempts, because a second signal may come while the first one is dealt with.
    """
    while True:
        try:
            while True:
                try:
                    return work()
                except:  # noqa: E722 - even the name of an exception may have been deleted
                    logger.warning("Raised in the main loop, which goes on: %r", sys.exc_info()[1])
        except:  # noqa: E722
            pass


def _stop_signals() -> list[signal.Signals]:
    return [getattr(signal, name) for name in _STOP_SIGNALS if hasattr(signal, name)]


@contextmanager
def _handling(handlers: dict[signal.Signals, Handler]) -> Generator[None]:
    """Set signal handlers; at the end, put back those from before."""
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is Blender's own handler in C, which Python can't put back
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def _interrupting(server: Server) -> Generator[None]:
    """Let interrupt_main() mean running code; as SIGINT it would be the user's Ctrl-C."""

    def interrupt_main(signum: signal.Signals = signal.SIGINT, /) -> None:
        if signum == signal.SIGINT:
            server.guard.interrupt()
        else:
            original(signum)

    original, _thread.interrupt_main = _thread.interrupt_main, interrupt_main
    try:
        yield
    finally:
        _thread.interrupt_main = original


@contextmanager
def _listed(calls: list[Callable[[], None]], call: Callable[[], None]) -> Generator[None]:
    calls.append(call)
    try:
        yield
    finally:
        calls.remove(call)


def _python_handler(number: signal.Signals) -> Handler | signal.Handlers:
    return signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL


def _set_handler(number: signal.Signals, handler: Handler) -> None:
    if signal.getsignal(number) is not handler:
        signal.signal(number, handler)


def _wake_on_signals(number: int) -> int:
    return signal.set_wakeup_fd(number, warn_on_full_buffer=False)


def _before_fork() -> None:
    """Hold back signals until the child has its own handlers; before, it would lose them."""
    if _in_child:
        _masks[_thread.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, _stop_signals())


def _after_fork() -> None:
    mask = _masks.pop(_thread.get_ident(), None)
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _leave_in_child() -> None:
    """A child that took SIGTERM for the service's would go on: pools wait for its end."""
    for each in _in_child:
        with suppress(Exception):
            each()
    _after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_leave_in_child
    )
