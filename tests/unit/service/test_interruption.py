"""KeyboardInterrupt strikes user code and nothing else."""

import os
import signal
import sys
import threading
from _thread import interrupt_main
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO

import pytest
from bld_remote_mcp import interruption
from bld_remote_mcp.interruption import UserCodeGuard
from wire import Gate


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
    run_interrupted(UserCodeGuard())


def test_an_interrupt_where_python_ignores_it_comes_again() -> None:
    guard = UserCodeGuard()
    reached: list[str] = []
    before = sys.unraisablehook

    class Deaf:
        def __del__(self) -> None:
            reached.append("__del__")
            while True:
                pass

    def code() -> None:
        Deaf()
        reached.append("behind it")
        while True:
            pass

    def interrupt_once() -> None:
        while not reached:
            pass
        guard.interrupt()

    thread = threading.Thread(target=interrupt_once)
    rescue = threading.Timer(20, guard.interrupt)
    thread.start()
    rescue.start()
    assert isinstance(guard.run(code), KeyboardInterrupt)
    assert rescue.is_alive()
    rescue.cancel()
    thread.join()
    assert reached == ["__del__", "behind it"]
    assert sys.unraisablehook is before


def test_what_else_python_ignores_is_told_as_ever() -> None:
    guard = UserCodeGuard()
    told: list[type[BaseException]] = []
    before = sys.unraisablehook

    class Broken:
        def __del__(self) -> None:
            raise ValueError

    def code() -> None:
        Broken()

    sys.unraisablehook = lambda ignored: told.append(ignored.exc_type)
    try:
        assert guard.run(code) is None
    finally:
        sys.unraisablehook = before
    assert told == [ValueError]


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


def test_nothing_is_struck_however_often_threads_change_turns() -> None:
    """Turns of a microsecond: then two interruptions can come within a few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        test_nothing_is_struck_outside_the_code(lambda: [None for _ in range(20)])
    finally:
        sys.setswitchinterval(before)


def run_interrupted(guard: UserCodeGuard) -> None:
    """Run code that an interruption ends."""
    started = threading.Event()

    def interrupt() -> None:
        started.wait()
        guard.interrupt()

    def code() -> None:
        started.set()
        while True:
            pass

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert isinstance(guard.run(code), KeyboardInterrupt)
    thread.join()


PROFILED = """
import cProfile
cProfile.run("sum(range(100))")
"""
TRACED = """
import sys
def trace(frame, event, argument):
    return trace
sys.settrace(trace)
for _ in range(100): pass
"""
LEFT_ON = """
import cProfile
profile = cProfile.Profile()
profile.enable()
"""
RAISING = """
import sys, threading
def trace(frame, event, argument):
    raise ValueError("a trace function")
threading.settrace(trace)
threading.setprofile(trace)
sys.{set}(trace)
"""
DEBUGGED = """
import bdb
bdb.Bdb().run("x = 1")
"""
COUNTED = """
import trace
trace.Trace(count=1, trace=0).run("x = 1")
"""


# What LEFT_ON leaves complains when it is taken away.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("interrupted", [False, True])
def test_code_that_traces_or_profiles_several_times_in_a_row(interrupted: bool) -> None:
    """On CPython 3.11, an interruption that was taken back made all of these hang."""
    guard = UserCodeGuard()
    before = sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile()
    for source in [PROFILED, TRACED, DEBUGGED, COUNTED, LEFT_ON] * 3:
        if interrupted:
            run_interrupted(guard)
        with redirect_stdout(StringIO()):
            assert guard.run(lambda source=source: exec(source, {})) is None
        after = sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile()
        assert after == before


@pytest.mark.parametrize("setter", ["settrace", "setprofile"])
def test_a_trace_function_that_raises_strikes_nothing_but_its_code(setter: str) -> None:
    guard = UserCodeGuard()
    for _ in range(3):
        guard.run(lambda: exec(RAISING.replace("{set}", setter), {}))
        assert guard.run(lambda: None) is None
        thread = threading.Thread(target=guard.interrupt)
        thread.start()
        thread.join()


BLOCKING = {
    "time.sleep": "import time; time.sleep(60)",
    "a lock": "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "a thread's end": "import threading; import gate; threading.Thread(target=gate.hold).start()\n"
    "threading.enumerate()[-1].join()",
    "a socket": "import socket; one, other = socket.socketpair(); one.recv(1)",
    "a pipe": "import os; reading, writing = os.pipe(); os.read(reading, 1)",
    "a process": "import subprocess\nwith subprocess.Popen(['sleep', '60']) as child:\n"
    "    try: child.wait()\n    finally: child.kill()",
    "asyncio": "import asyncio; asyncio.run(asyncio.sleep(60))",
    "a profiled sleep": "import cProfile; cProfile.run('import time; time.sleep(60)')",
    "a profiled loop": "import cProfile; cProfile.run('while True: pass')",
    "a traced loop": "import sys; sys.settrace(lambda *_: None)\nwhile True: pass",
    "a handler of its own": "import signal, time\n"
    "signal.signal(signal.SIGURG, lambda *_: None); time.sleep(60)",
    "the signal ignored": "import signal\nsignal.signal(signal.SIGURG, signal.SIG_IGN)\n"
    "while True: pass",
    "the signal blocked": "import signal\n"
    "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG])\nwhile True: pass",
}


if os.name == "nt":  # Nothing ends other system calls there
    ENDED = ["time.sleep", "a profiled sleep", "a profiled loop", "a traced loop"]
    BLOCKING = {name: BLOCKING[name] for name in ENDED}
SENT = signal.SIGURG if hasattr(signal, "SIGURG") else signal.SIGBREAK


@pytest.mark.parametrize("source", BLOCKING.values(), ids=BLOCKING.keys())
def test_an_interruption_reaches_code_wherever_it_waits(source: str, gate: Gate) -> None:
    guard = UserCodeGuard()
    handler = signal.getsignal(SENT)
    ended = threading.Event()

    def interrupt_until_it_ends() -> None:
        # Again and again, because the code may not have come to its waiting yet.
        while not ended.wait(0.02):
            guard.interrupt()

    thread = threading.Thread(target=interrupt_until_it_ends)
    thread.start()
    try:
        with redirect_stdout(StringIO()):
            outcome = guard.run(lambda: exec(source, {}))
            assert isinstance(outcome, KeyboardInterrupt), outcome
            # What it left of its signals doesn't keep the next one from being interrupted.
            outcome = guard.run(lambda: exec(BLOCKING["time.sleep"], {}))
            assert isinstance(outcome, KeyboardInterrupt), outcome
    finally:
        ended.set()
        thread.join()
    assert signal.getsignal(SENT) == handler
    # Python ends as by Ctrl-C if that is how the last text ended that it was given.
    exec("", {})


def test_the_signal_of_someone_else_goes_where_it_went() -> None:
    """On Windows it is that of Ctrl-Break, which stops the service."""
    came: list[int] = []
    before = signal.signal(SENT, lambda number, _frame: came.append(number))
    try:
        assert UserCodeGuard().run(lambda: signal.raise_signal(SENT)) is None
    finally:
        signal.signal(SENT, before)
    assert came == [SENT]


def test_its_own_signal_goes_nowhere_else_however_late_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On Windows it would go to the handler that stops the service."""
    guard = UserCodeGuard()
    gone: list[int] = []

    def late(_thread: int, number: signal.Signals) -> None:
        while guard.running:  # The exception has been raised already, and has ended the code
            pass
        interrupt_main(number)  # As on Windows, where it ends no waiting for a lock

    monkeypatch.setattr(interruption, "_end_system_call", late)
    before = signal.signal(SENT, lambda number, _frame: gone.append(number))
    try:
        run_interrupted(guard)
    finally:
        signal.signal(SENT, before)
    assert gone == []
