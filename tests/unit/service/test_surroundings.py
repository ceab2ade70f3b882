"""What is put right after user code, and what stays its user's."""

import faulthandler
import gc
import os
import signal
import sys
import threading
import time

import pytest
from bld_remote_mcp import surroundings
from bld_remote_mcp.execution import CodeRunner
from bld_remote_mcp.interruption import UserCodeGuard
from bld_remote_mcp.surroundings import Surroundings

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def test_what_would_hurt_the_service_is_put_right() -> None:
    before = sys.getrecursionlimit(), sys.getswitchinterval(), print, threading.Event
    with Surroundings():
        sys.setrecursionlimit(200)
        sys.setswitchinterval(100)
        del vars(surroundings.builtins)["print"]
        vars(threading)["Event"] = None
    assert (sys.getrecursionlimit(), sys.getswitchinterval(), print, threading.Event) == before


@pytest.mark.parametrize("value", [None, ()])
def test_the_path_is_a_list_again(value: object) -> None:
    before = sys.path
    with Surroundings():
        vars(sys)["path"] = value
    assert sys.path is before


def test_a_watchdog_and_a_stack_size_that_fits_no_thread_go() -> None:
    before = threading.stack_size()
    with Surroundings():
        faulthandler.dump_traceback_later(0.1, exit=True)
        threading.stack_size(2**40 if os.name == "posix" else 2**27)
    assert threading.stack_size() == before
    time.sleep(0.3)


@POSIX
def test_a_limit_of_processor_time_goes() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_CPU)
    with Surroundings():
        resource.setrlimit(resource.RLIMIT_CPU, (10**6, before[1]))
    assert resource.getrlimit(resource.RLIMIT_CPU) == before


def test_what_is_the_users_own_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = sys.getrecursionlimit()
    monkeypatch.setattr(os, "getcwd", os.getcwd)
    with Surroundings():
        sys.setrecursionlimit(limit + 1000)
        gc.disable()
        os.getcwd = lambda: "elsewhere"
    try:
        assert sys.getrecursionlimit() == limit + 1000
        assert not gc.isenabled()
        assert os.getcwd() == "elsewhere"
    finally:
        sys.setrecursionlimit(limit)
        gc.enable()


@POSIX
def test_signals_are_unblocked_and_timers_stopped() -> None:
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with Surroundings():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        signal.setitimer(signal.ITIMER_REAL, 1000)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == masked
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN


@POSIX
@pytest.mark.parametrize(
    ("end", "status"),
    [(None, 0), (SystemExit(3), 3), (SystemExit("text"), 1), (ValueError(), 1)],
)
def test_a_child_ends_where_the_code_ends(end: BaseException | None, status: int) -> None:
    try:
        with Surroundings():
            child = os.fork()
            if child == 0 and end is not None:
                raise end
    except BaseException:
        os._exit(77)  # The child has gone on
    if child == 0:
        os._exit(78)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == status


def test_others_put_their_own_right(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []
    monkeypatch.setattr(surroundings, "after_user_code", [lambda: called.append(1)])
    with pytest.raises(ValueError, match="code"), Surroundings():
        raise ValueError("code")
    assert called == [1]


@pytest.mark.parametrize("name", ["settrace", "setprofile"])
def test_threads_that_run_already_are_no_longer_traced(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """With Python 3.12 and newer code may have set it for these, too, as for the service's own."""
    set_for_all: list[object] = []
    monkeypatch.setattr(threading, f"{name}_all_threads", set_for_all.append, raising=False)
    before = threading.gettrace(), threading.getprofile()
    CodeRunner(UserCodeGuard()).run(f"import threading; threading.{name}(lambda *_: None)")
    try:
        assert set_for_all == [None]
    finally:
        threading.settrace(before[0])  # pyright: ignore[reportArgumentType]
        threading.setprofile(before[1])
