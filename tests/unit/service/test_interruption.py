"""KeyboardInterrupt strikes user code and nothing else."""

import threading
from collections.abc import Callable

import pytest
from bld_remote_mcp.interruption import UserCodeGuard


def test_what_code_raises_is_returned() -> None:
    guard = UserCodeGuard()
    error = SystemExit(3)

    def code() -> None:
        raise error

    assert guard.run(code) is error
    assert guard.run(lambda: None) is None


def test_without_code_there_is_nothing_to_interrupt() -> None:
    guard = UserCodeGuard()
    assert guard.interrupt() is False
    guard.raise_if_running()


def test_an_interrupt_from_another_thread() -> None:
    guard = UserCodeGuard()
    started = threading.Event()
    results: list[bool] = []

    def interrupt() -> None:
        started.wait()
        results.append(guard.interrupt())

    def code() -> None:
        started.set()
        while True:
            pass

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert isinstance(guard.run(code), KeyboardInterrupt)
    thread.join()
    assert results == [True]


def test_a_signal_handler_interrupts_code() -> None:
    guard = UserCodeGuard()
    assert isinstance(guard.run(guard.raise_if_running), KeyboardInterrupt)


def test_no_code_begins_after_shut() -> None:
    guard = UserCodeGuard()
    ran: list[int] = []
    guard.shut()
    assert isinstance(guard.run(lambda: ran.append(1)), KeyboardInterrupt)
    assert ran == []


@pytest.mark.parametrize("code", [lambda: None, lambda: 1 // 0])
def test_nothing_is_struck_outside_the_code(code: Callable[[], object]) -> None:
    """Interrupts as fast as they come, at every moment of very short runs."""
    guard = UserCodeGuard()
    ended = threading.Event()

    def interrupt_always() -> None:
        while not ended.is_set():
            guard.interrupt()

    thread = threading.Thread(target=interrupt_always)
    thread.start()
    try:
        for _ in range(3000):
            guard.run(code)
            assert guard.interrupt() is False
    finally:
        ended.set()
        thread.join()
