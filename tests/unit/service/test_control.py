"""Requests answered beside Blender's main thread, and how the main thread's requests wait."""

import os
from collections.abc import Callable
from types import ModuleType

import pytest
from wire import Client, Gate, RunningServer, wait_until

HOLD = "import gate\ngate.hold()"
LOOP = "import gate\ngate.started.set()\nwhile True: pass"


def test_hello(client: Client) -> None:
    assert client.ask("hello")["result"] == {
        "protocol": 1,
        "server": "bld_remote_mcp",
        "service_version": "2.0.0",
        "capabilities": [
            "status",
            "timeout_seconds",
            "shutdown_quit",
            "interrupt",
            "request_id",
            "run_script",
            "script_modules",
            "upload",
            "client",
            "jobs",
        ],
        "blender_version": "4.2.1",
        "pid": os.getpid(),
        "background": True,
        "authentication": "none",
        "request_limit": 32 * 1024 * 1024,
    }


def test_status_while_idle(client: Client) -> None:
    status = client.ask("status")["result"]
    assert status.pop("uptime_seconds") >= 0
    assert status == {
        "busy": False,
        "running_seconds": None,
        "running": None,
        "stopping": False,
        "queued": 0,
        "connections": 1,
        "requests": 1,
        "code_ran_since_save": False,
    }


def test_status_and_hello_while_the_main_thread_is_busy(
    start: Callable[..., RunningServer], gate: Gate
) -> None:
    running = start()
    with running.client() as worker, running.client() as waiting, running.client() as client:
        worker.send({"type": "execute_code", "params": {"code": HOLD}})
        gate.wait_started()
        waiting.send({"type": "get_scene_info"})
        wait_until(lambda: client.ask("status")["result"]["queued"] == 1)
        status = client.ask("status")["result"]
        assert status["busy"] is True
        assert status["running_seconds"] >= 0
        assert status["connections"] == 3
        assert client.ask("hello")["status"] == "success"
        gate.go.set()
        assert worker.receive()["status"] == "success"
        assert waiting.receive()["result"]["name"] == "Scene"
        wait_until(lambda: not client.ask("status")["result"]["busy"])


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"type": "nope"}, "unknown command type 'nope'"),
        ({"type": 5}, "type must be a string, not int"),
        ({"type": "hello", "params": [1]}, "params must be an object, not list"),
        ({"type": "server_shutdown", "params": {"force": 1}}, "force must be true or false, not 1"),
        ({"type": "server_shutdown", "params": {"quit": "no"}}, "quit must be true or false"),
    ],
)
def test_requests_that_make_no_sense(client: Client, request_: dict, message: str) -> None:
    client.send(request_)
    answer = client.receive()
    assert answer["status"] == "error"
    assert message in answer["message"]
    assert client.run("pass")["status"] == "success"


@pytest.mark.parametrize("value", ["5", True, 10**400, [1]])
def test_timeouts_that_make_no_sense(client: Client, value: object) -> None:
    answer = client.run("pass", _timeout_seconds=value)
    assert "_timeout_seconds must be a finite number" in answer["message"]


@pytest.mark.parametrize("value", [None, 0, -1, 1e300, 20])
def test_timeouts_that_do_not_expire(client: Client, value: object) -> None:
    assert client.run("pass", _timeout_seconds=value)["status"] == "success"


def test_timeouts(start: Callable[..., RunningServer], gate: Gate) -> None:
    running = start()
    with running.client() as first, running.client() as second:
        answer = first.run(HOLD + "\ngate.ran.append('first')", _timeout_seconds=0.5)
        gate.wait_started()
        assert answer["status"] == "error"
        assert answer["timeout"] == "running"
        assert "still running in Blender" in answer["message"]
        answer = second.run("import gate\ngate.ran.append('second')", _timeout_seconds=0.01)
        assert answer["status"] == "error"
        assert answer["timeout"] == "not_started"
        assert "will not run" in answer["message"]
        gate.go.set()
        # The connections are still good, and the dropped answer doesn't turn up
        assert first.run("print(1)")["result"]["result"] == "1\n"
        assert second.run("print(2)")["result"]["result"] == "2\n"
        assert gate.ran == ["first"]


def test_interrupt(start: Callable[..., RunningServer], gate: Gate) -> None:
    running = start()
    with running.client() as worker, running.client() as client:
        assert client.ask("interrupt")["result"] == {"interrupted": False}
        worker.send({"type": "execute_code", "params": {"code": "print('so far')\n" + LOOP}})
        gate.wait_started()
        assert client.ask("interrupt")["result"] == {"interrupted": True}
        answer = worker.receive()
        assert answer["message"] == "Code execution error: KeyboardInterrupt"
        assert answer["output"]["stdout"] == "so far\n"
        assert worker.run("pass")["status"] == "success"


def test_interrupt_of_one_request(start: Callable[..., RunningServer], gate: Gate) -> None:
    running = start()
    with running.client() as worker, running.client() as waiting, running.client() as client:

        def interrupt(name: str) -> bool:
            return client.ask("interrupt", request_id=name)["result"]["interrupted"]

        worker.send({"type": "execute_code", "params": {"code": LOOP, "_request_id": "running"}})
        gate.wait_started()
        waiting.send(
            {
                "type": "execute_code",
                "params": {"code": "gate.ran.append('waiting')", "_request_id": "waiting"},
            }
        )
        while client.ask("status")["result"]["queued"] == 0:
            pass
        assert interrupt("another") is False
        assert interrupt("waiting") is True
        assert "will not run" in waiting.receive()["message"]
        assert client.ask("status")["result"]["busy"] is True
        assert interrupt("running") is True
        assert worker.receive()["message"] == "Code execution error: KeyboardInterrupt"
        assert interrupt("running") is False
        assert gate.ran == []


def test_code_may_handle_an_interrupt(start: Callable[..., RunningServer], gate: Gate) -> None:
    running = start()
    code = f"try:\n  {LOOP.splitlines()[0]}\n  gate.started.set()\n  while True: pass\n"
    with running.client() as worker, running.client() as client:
        worker.send(
            {
                "type": "execute_code",
                "params": {"code": code + "except KeyboardInterrupt:\n  print('kept')"},
            }
        )
        gate.wait_started()
        client.ask("interrupt")
        assert worker.receive()["result"]["result"] == "kept\n"


def test_shutdown_lets_running_code_end(start: Callable[..., RunningServer], gate: Gate) -> None:
    running = start()
    with running.client() as worker, running.client() as waiting, running.client() as client:
        worker.send({"type": "execute_code", "params": {"code": HOLD + "\nprint('done')"}})
        gate.wait_started()
        waiting.send({"type": "execute_code", "params": {"code": "gate.ran.append(1)"}})
        wait_until(lambda: client.ask("status")["result"]["queued"] == 1)
        answer = client.ask("server_shutdown")
        assert answer["result"] == {
            "message": "Server shutdown initiated",
            "quit": True,
            "force": False,
            "code_ran_since_save": True,
        }
        refused = waiting.receive()
        assert refused["status"] == "error"
        assert refused["message"].startswith(
            "the service is shutting down as soon as 'execute_code' of 127.0.0.1:"
        )
        assert client.run("pass")["message"].startswith("the service is shutting down as soon as")
        gate.go.set()
        running.join()
        assert worker.receive()["result"]["result"] == "done\n"
        assert gate.ran == []
        assert client.is_closed()
        with pytest.raises(ConnectionError):
            running.client()


def test_forced_shutdown_interrupts_running_code(
    start: Callable[..., RunningServer], gate: Gate
) -> None:
    running = start()
    with running.client() as worker, running.client() as client:
        worker.send({"type": "execute_code", "params": {"code": LOOP}})
        gate.wait_started()
        assert client.ask("server_shutdown", force=True)["status"] == "success"
        running.join()
        assert worker.receive()["exception"] == "KeyboardInterrupt"


def test_a_shutdown_without_quit(start: Callable[..., RunningServer]) -> None:
    running = start()
    with running.client() as client:
        assert client.ask("server_shutdown", quit=False)["result"]["quit"] is False
    running.join()
    assert not running.server.quit_requested


def test_with_a_window_quit_is_not_the_default(start: Callable[..., RunningServer]) -> None:
    running = start(background=False)
    with running.client() as client:
        assert client.ask("server_shutdown")["result"]["quit"] is False
    running.join()


def test_unsaved_changes_stand_against_quitting(
    start: Callable[..., RunningServer], bpy: ModuleType, gate: Gate
) -> None:
    bpy.data.is_dirty = True
    running = start(background=False)
    with running.client() as client, running.client() as worker:
        worker.send({"type": "execute_code", "params": {"code": HOLD}})
        gate.wait_started()
        answer = client.ask("server_shutdown", quit=True, _timeout_seconds=0.01)
        assert answer["timeout"] == "not_started"
        gate.go.set()
        assert worker.receive()["status"] == "success"
        answer = client.ask("server_shutdown", quit=True)
        assert answer["status"] == "error"
        assert "unsaved changes" in answer["message"]
        assert client.run("pass")["status"] == "success"
        assert client.ask("server_shutdown", quit=True, force=True)["status"] == "success"
    running.join()
    assert running.server.quit_requested


def test_nothing_unsaved(start: Callable[..., RunningServer], bpy: ModuleType) -> None:
    running = start(background=False)
    with running.client() as client:
        assert client.ask("server_shutdown", quit=True)["status"] == "success"
    running.join()
    assert running.server.quit_requested


def test_scripts_of_the_command_lines_arent_code_that_ran(client: Client) -> None:
    def ran() -> object:
        return client.ask("status")["result"]["code_ran_since_save"]

    client.ask("execute_code", code="pass", _own=True)
    assert ran() is False
    client.ask("execute_code", code="pass")
    assert ran() is True
