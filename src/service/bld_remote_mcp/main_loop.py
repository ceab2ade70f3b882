"""Serves a Blender without a window: occupies its main thread and runs jobs as they come."""

import signal
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from types import FrameType

from .log import logger
from .server import Server
from .wakeup import Wakeup

Handler = Callable[[int, FrameType | None], None]

_STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")


def serve(server: Server) -> None:
    """Run jobs until the server is asked to stop, then close it. On the main thread.

    The first SIGINT or SIGTERM asks for that too and interrupts running code; the next one does
    what it does by default.
    """
    received: list[signal.Signals] = []

    def on_stop_signal(number: int, _frame: FrameType | None) -> None:
        received.append(signal.Signals(number))
        for each in _stop_signals():
            signal.signal(each, signal.SIG_DFL)
        server.stop_running_code_soon()
        server.guard.raise_if_running()

    handlers: dict[signal.Signals, Handler] = dict.fromkeys(_stop_signals(), on_stop_signal)
    with closing(Wakeup()) as wakeup, _handling(handlers), _signals_waking(wakeup):
        server.jobs.wake_main_thread = wakeup.set
        try:
            while not server.stop_requested:
                if not server.jobs.run_next():
                    wakeup.wait()
        finally:
            if received:
                logger.info("Received %s", received[0].name)
            server.close()


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
def _signals_waking(wakeup: Wakeup) -> Generator[None]:
    before = signal.set_wakeup_fd(wakeup.signal_descriptor, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
