"""Waking a sleeping thread."""

import signal
import threading

from bld_remote_mcp.wakeup import Wakeup
from wire import SECONDS


def test_set_before_and_during_a_wait() -> None:
    wakeup = Wakeup()
    wakeup.set()
    wakeup.wait()
    thread = threading.Thread(target=wakeup.wait)
    thread.start()
    wakeup.set()
    thread.join(SECONDS)
    assert not thread.is_alive()
    wakeup.close()


def test_setting_it_very_often_blocks_nobody() -> None:
    wakeup = Wakeup()
    for _ in range(100_000):
        wakeup.set()
    wakeup.wait()
    wakeup.close()
    wakeup.set()


def test_a_signal_sets_it_through_its_descriptor() -> None:
    wakeup = Wakeup()
    handler = signal.signal(signal.SIGTERM, lambda *_: None)
    descriptor = signal.set_wakeup_fd(wakeup.signal_descriptor)
    try:
        signal.raise_signal(signal.SIGTERM)
        wakeup.wait()
    finally:
        signal.set_wakeup_fd(descriptor)
        signal.signal(signal.SIGTERM, handler)
    wakeup.close()
