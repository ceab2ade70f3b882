"""Serves a Blender without a window: occupies its main thread and runs jobs as they come."""

import _thread
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from types import FrameType

from . import surroundings
from .log import logger
from .server import Server
from .wakeup import Wakeup

Handler = Callable[[int, FrameType | None], None]

_STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")


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

    with closing(sleep), _handling(handlers), _interrupting(server), _checking(after_user_code):
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
        self._before = _wake_on_signals(self._wakeup.signal_descriptor)

    def end(self) -> None:
        self._wakeup.set()

    def until_woken(self) -> None:
        self.check()
        self._wakeup.wait()

    def check(self) -> None:
        if self._wakeup.lost:
            self._wakeup.close()
            self._wakeup = Wakeup()
        _wake_on_signals(self._wakeup.signal_descriptor)

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
def _checking(check: Callable[[], None]) -> Generator[None]:
    surroundings.after_user_code.append(check)
    try:
        yield
    finally:
        surroundings.after_user_code.remove(check)


def _set_handler(number: signal.Signals, handler: Handler) -> None:
    if signal.getsignal(number) is not handler:
        signal.signal(number, handler)


def _wake_on_signals(number: int) -> int:
    return signal.set_wakeup_fd(number, warn_on_full_buffer=False)
