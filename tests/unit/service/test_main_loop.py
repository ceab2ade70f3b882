"""The main loop of a Blender without a window, in a process of its own, because of the signals."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wire import SECONDS, Client, wait_until

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


class Serving:
    """serving.py as a process."""

    def __init__(self, before: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("serving.py")), before],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.port = int(self.process.stdout.readline())

    def ended(self) -> tuple[int, str]:
        """Its exit status and the rest of its stdout."""
        out, _err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out


@pytest.fixture
def serving() -> Iterator[Callable[..., Serving]]:
    made: list[Serving] = []

    def start(before: str = "") -> Serving:
        made.append(Serving(before))
        return made[-1]

    yield start
    for each in made:
        each.process.kill()
        each.process.communicate()


def start_code(client: Client, code: str, marks: Path) -> None:
    """Begin to run code that ends only when it is interrupted; return once it has called mark()."""
    prelude = f"def mark():\n  with open({str(marks)!r}, 'a') as file: file.write('x')\n"
    client.send({"type": "execute_code", "params": {"code": prelude + code}})
    wait_until(lambda: count(marks) == 1)


def count(marks: Path) -> int:
    """How often code has called mark()."""
    return marks.stat().st_size if marks.exists() else 0


LOOP = "mark()\nwhile True: pass"
SLEEP = "import time\nmark()\ntime.sleep(1000)"
STUBBORN = """
while True:
    try:
        mark()
        while True: pass
    except KeyboardInterrupt:
        pass
"""


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """The file that mark() writes to."""
    return tmp_path / "marks"


def test_a_client_ends_it(serving: Callable[..., Serving]) -> None:
    service = serving()
    with Client(service.port) as client:
        assert client.run("print(1)")["result"]["result"] == "1\n"
        assert client.ask("server_shutdown")["status"] == "success"
    assert service.ended() == (0, "served 0\n")


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_while_idle(serving: Callable[..., Serving], number: int) -> None:
    service = serving()
    with Client(service.port) as client:
        client.run("pass")
        service.process.send_signal(number)
        assert service.ended() == (0, "served 0\n")
        assert client.is_closed()


@POSIX
@pytest.mark.parametrize("code", [LOOP, SLEEP])
def test_a_signal_ends_running_code(
    serving: Callable[..., Serving], code: str, marks: Path
) -> None:
    service = serving()
    with Client(service.port) as client:
        start_code(client, code, marks)
        service.process.terminate()
        assert client.receive()["exception"] == "KeyboardInterrupt"
        assert service.ended() == (0, "served 0\n")


@POSIX
def test_a_second_signal_ends_code_that_will_not_end(
    serving: Callable[..., Serving], marks: Path
) -> None:
    service = serving()
    with Client(service.port) as client:
        start_code(client, STUBBORN, marks)
        service.process.terminate()
        wait_until(lambda: count(marks) == 2)
        service.process.terminate()
        assert service.ended() == (-signal.SIGTERM, "")


@POSIX
@pytest.mark.parametrize("code", [LOOP, SLEEP])
def test_an_interrupt_ends_code_and_nothing_else(
    serving: Callable[..., Serving], code: str, marks: Path
) -> None:
    service = serving()
    with Client(service.port) as client, Client(service.port) as other:
        start_code(client, code, marks)
        assert other.ask("interrupt")["result"] == {"interrupted": True}
        assert client.receive()["exception"] == "KeyboardInterrupt"
        assert client.run("print(1)")["result"]["result"] == "1\n"
        other.ask("server_shutdown")
    assert service.ended() == (0, "served 0\n")


@POSIX
def test_a_forced_shutdown_ends_a_system_call(serving: Callable[..., Serving], marks: Path) -> None:
    service = serving()
    with Client(service.port) as client, Client(service.port) as other:
        start_code(client, SLEEP, marks)
        other.ask("server_shutdown", force=True)
        assert client.receive()["exception"] == "KeyboardInterrupt"
    assert service.ended() == (0, "served 0\n")


@POSIX
def test_handlers_come_back(serving: Callable[..., Serving]) -> None:
    service = serving(
        "import signal, atexit\n"
        "before = [signal.getsignal(n) for n in (2, 15, signal.SIGURG)]\n"
        "atexit.register(lambda: print(before == "
        "[signal.getsignal(n) for n in (2, 15, signal.SIGURG)], flush=True))"
    )
    with Client(service.port) as client:
        inside = client.run("import signal\nprint(signal.getsignal(15))")["result"]["result"]
        assert "on_stop_signal" in inside
        client.ask("server_shutdown")
    assert service.ended() == (0, "served 0\nTrue\n")


def test_code_that_disables_the_add_on_gets_its_answer(serving: Callable[..., Serving]) -> None:
    service = serving("import bld_remote_mcp as addon")
    with Client(service.port) as client:
        answer = client.run(
            "import bld_remote_mcp as addon, sys\naddon.unregister()\n"
            "print('bld_remote' in sys.modules)\naddon.register()"
        )
        assert answer["result"]["result"] == "False\n"
        assert client.is_closed()
    assert service.ended() == (0, "served 0\n")


def test_code_that_enables_the_add_on_again_goes_on(serving: Callable[..., Serving]) -> None:
    service = serving()
    code = (
        "import os, bld_remote_mcp as addon\naddon.unregister()\n"
        f"addon.settings.port = lambda: {service.port}\n"
        "os.environ['BLD_REMOTE_MCP_START_NOW'] = '1'\naddon.register()\nprint('new')"
    )
    with Client(service.port) as client:
        assert client.run(code)["result"]["result"] == "new\n"
    with Client(service.port) as client:
        assert client.run("print(1)")["result"]["result"] == "1\n"
        client.ask("server_shutdown")
    assert service.ended() == (0, "served 0\n")


def test_serve_inside_itself(serving: Callable[..., Serving]) -> None:
    service = serving()
    with Client(service.port) as client:
        answer = client.run("import bld_remote\nbld_remote.serve()")
        assert answer["message"] == "Code execution error: serve() is already running"
        client.ask("server_shutdown")
    assert service.ended() == (0, "served 0\n")


@POSIX
def test_a_forked_child_has_none_of_its_signals(serving: Callable[..., Serving]) -> None:
    service = serving()
    code = (
        "import os, signal, time\nreading, writing = os.pipe()\npid = os.fork()\n"
        "if pid == 0:\n"
        "    with open(writing, 'w') as file: print(signal.set_wakeup_fd(-1), file=file)\n"
        "    time.sleep(60)\n"
        "os.close(writing)\nprint(open(reading).read().strip())\n"
        "os.kill(pid, signal.SIGTERM)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
        "print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)"
    )
    with Client(service.port) as client:
        assert client.run(code)["result"]["result"] == "-1\n-15\nFalse\n"
        client.send({"type": "server_shutdown"})
    assert service.ended() == (0, "served 0\n")
