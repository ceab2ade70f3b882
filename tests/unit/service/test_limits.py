"""What clients may ask of the service at most; one of them is never another's delay."""

import hmac
import logging
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest
from bld_remote_mcp.limits import MIB, RequestLimits, ServiceLimits
from wire import Client, Gate, RunningServer, wait_until

Start = Callable[..., RunningServer]


def works(running: RunningServer) -> bool:
    with running.client() as client:
        return client.run("print(1)")["result"]["result"] == "1\n"


def test_silent_connections_lock_nobody_out(start: Start) -> None:
    running = start()
    with ExitStack() as stack, running.client() as first:
        first.ask("hello")
        silent = [stack.enter_context(running.client()) for _ in range(600)]
        assert works(running)
        assert first.run("pass")["status"] == "success"
        assert running.server.connections <= 64 + 2
        assert silent[0].is_closed()


def test_half_a_request_locks_nobody_out(start: Start) -> None:
    running = start()
    with ExitStack() as stack:
        for _ in range(200):
            half = stack.enter_context(running.client())
            half.socket.sendall(b'{"type": "hello", "params": {"client": "')
        assert works(running)
        assert running.server.connections <= 64 + 1


def test_a_connection_that_says_nothing_ends(start: Start) -> None:
    running = start(limits=ServiceLimits(greeting_seconds=0.1))
    with running.client() as silent, running.client() as half:
        half.socket.sendall(b'{"type": "hel')
        assert silent.is_closed()
        assert half.is_closed()


def test_a_client_that_has_been_idle_for_too_long_is_ended(start: Start, gate: Gate) -> None:
    running = start(limits=ServiceLimits(idle_seconds=0.1))
    with running.client() as idle, running.client() as busy:
        busy.send({"type": "execute_code", "params": {"code": "import gate; gate.hold()"}})
        idle.ask("hello")
        gate.wait_started()
        assert idle.is_closed()
        gate.go.set()
        assert busy.receive()["status"] == "success"
        assert busy.is_closed()


def test_a_client_that_stops_within_a_request(start: Start) -> None:
    running = start(limits=ServiceLimits(stall_seconds=0.1))
    with running.client() as client:
        client.ask("hello")
        client.socket.sendall(b'{"type": "hel')
        assert (
            "nothing more of the rest of the request came for 0.1 s" in client.receive()["message"]
        )
        assert client.is_closed()


def begin_upload(client: Client, folder: Path, name: str, size: int) -> None:
    target = str(folder / f"{name}-1.0-py3-none-any.whl")
    part = str(folder / f".{name}-1.0-py3-none-any.whl.0f.part")
    digest = sha256(f"{part}\n{target}\n{size}\n0".encode()).hexdigest()
    params = {"part": part, "target": target, "size": size, "offset": 0, "digest": digest}
    client.send({"type": "upload", "params": params})


def test_a_client_that_stops_within_a_file(start: Start, tmp_path: Path) -> None:
    running = start(limits=ServiceLimits(stall_seconds=0.1))
    with running.client() as client:
        begin_upload(client, tmp_path, "a", 3_000_000)
        client.socket.sendall(b"x" * 10)
        answer = client.receive()
        assert answer["message"] == "nothing more of the rest of the file came for 0.1 s"
        assert answer["ended"] is True
        assert client.is_closed()


def test_more_files_at_once_than_the_bound(start: Start, tmp_path: Path) -> None:
    running = start(limits=ServiceLimits(uploads=1))
    content = b"x" * 100
    rest = content + sha256(content).hexdigest().encode()
    with running.client() as one, running.client() as two, running.client() as three:
        begin_upload(one, tmp_path, "one", len(content))
        wait_until(lambda: any(tmp_path.glob(".one*")))
        begin_upload(two, tmp_path, "two", len(content))
        answer = two.receive()
        assert "1 files come in at once, which is the limit" in answer["message"]
        assert answer["ended"] is True
        assert two.is_closed()
        one.socket.sendall(rest)
        assert one.receive()["status"] == "success"
        begin_upload(three, tmp_path, "three", len(content))
        three.socket.sendall(rest)
        assert three.receive()["status"] == "success"


def test_a_client_that_does_not_take_its_answer(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    running = start(limits=ServiceLimits(stall_seconds=0.1))
    with running.client() as deaf:
        deaf.send({"type": "execute_code", "params": {"code": "print('x' * 50_000_000)"}})
        wait_until(lambda: "bytes of an answer in 0.1 s" in caplog.text)
        wait_until(lambda: running.server.connections == 0)
        assert works(running)


def test_all_unfinished_requests_together(start: Start) -> None:
    running = start(limits=ServiceLimits(unfinished=MIB))
    half = b'{"type": "execute_code", "params": {"code": "#' + b"x" * 700_000
    rest = b'\\nprint(2)"}}'
    with running.client() as one, running.client() as two:
        one.ask("hello")
        one.socket.sendall(half)
        wait_until(lambda: running.server.unfinished > 500_000)
        two.socket.sendall(half)
        answer = two.receive()
        assert "holds 1 MiB of unanswered requests already" in answer["message"]
        assert two.is_closed()
        # Small ones go on, and so does the one that was there first.
        assert works(running)
        one.socket.sendall(rest)
        assert one.receive()["result"]["result"] == "2\n"
    wait_until(lambda: running.server.unfinished == 0)
    with running.client() as again:
        again.socket.sendall(half + rest)
        assert again.receive()["result"]["result"] == "2\n"


def test_requests_that_wait_for_their_answers_count(start: Start, gate: Gate) -> None:
    running = start(limits=ServiceLimits(unfinished=MIB))
    code = "import gate; gate.hold()#" + "x" * 700_000
    with running.client() as one, running.client() as two:
        one.send({"type": "execute_code", "params": {"code": code}})
        gate.wait_started()
        two.send({"type": "execute_code", "params": {"code": code}})
        assert "unanswered requests already" in two.receive()["message"]
        gate.go.set()
        assert one.receive()["status"] == "success"


def test_what_is_cut_off_is_given_back(start: Start) -> None:
    running = start(limits=ServiceLimits(unfinished=MIB))
    for _ in range(5):
        with running.client() as client:
            client.socket.sendall(b'{"type": "' + b"x" * 900_000)
            wait_until(lambda: running.server.unfinished > 500_000)
        wait_until(lambda: running.server.unfinished == 0)


def test_when_all_places_are_taken_the_idle_go(start: Start, gate: Gate) -> None:
    running = start(limits=ServiceLimits(clients=2))
    with running.client() as busy, running.client() as idle:
        idle.ask("hello")
        busy.send({"type": "execute_code", "params": {"code": "import gate; gate.hold()"}})
        gate.wait_started()
        with running.client() as late:
            assert late.ask("hello")["status"] == "success"
            assert idle.is_closed()
            late.send({"type": "execute_code", "params": {"code": "pass"}})
            wait_until(lambda: running.server.jobs.queued == 1)
            with running.client() as surplus:
                answer = surplus.ask("hello")
                assert "2 clients are connected" in answer["message"]
                assert answer["refused"] is True
                assert surplus.is_closed()
            gate.go.set()
            assert late.receive()["status"] == "success"
            assert busy.receive()["status"] == "success"


def test_a_million_values_are_refused_before_they_are_read(client: Client) -> None:
    client.socket.sendall(b'{"type": "hello", "params": {"a": [' + b"1," * 1_000_000)
    assert "more than 200000 values" in client.receive()["message"]
    assert client.is_closed()


def test_the_log_says_how_often_newcomers_went_and_not_each_time(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    running = start(limits=ServiceLimits(newcomers=1))
    with caplog.at_level(logging.WARNING, "bld_remote_mcp"), ExitStack() as stack:
        clients = [stack.enter_context(running.client()) for _ in range(50)]
        assert all(client.is_closed() for client in clients[:-1])
        assert works(running)
    said = [one for one in caplog.records if "that had made no request" in one.message]
    assert 1 <= len(said) < 10


def test_the_code_of_jobs_that_wait(
    start: Start, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bld_remote_mcp.code_jobs.QUEUED_CODE", 1000)
    running = start()
    with running.client() as client:
        client.ask("submit_code_job", code="import gate; gate.hold()")
        gate.wait_started()
        assert client.ask("submit_code_job", code="#" * 900)["status"] == "success"
        refused = client.ask("submit_code_job", code="#" * 900)
        assert refused["error_code"] == "queue_capacity_exceeded"
        assert client.ask("submit_code_job", code="#" * 90)["status"] == "success"
        gate.go.set()
        client.run("pass")
        assert client.ask("submit_code_job", code="#" * 900)["status"] == "success"


def test_small_limits_of_a_request_are_for_each(bpy: ModuleType, start: Start) -> None:
    running = start(limits=ServiceLimits(request=RequestLimits(size=1000, values=20)))
    with running.client() as client:
        for _ in range(50):
            assert client.run("pass")["status"] == "success"


TOKEN = "0123456789abcdef" * 4


def test_who_is_not_authenticated_may_not_send_much(start: Start) -> None:
    running = start(token=TOKEN)
    with running.client() as client:
        # A whole one, which would be answered.
        client.socket.sendall(b'{"type": "hello", "params": {"client": "' + b"x" * 5000 + b'"}}')
        assert "more than 4096 bytes" in client.receive().get("message", "")
        assert client.is_closed()
    with running.client() as client:
        authenticate(client)
        assert client.run("#" * 5000 + "\nprint(1)")["result"]["result"] == "1\n"


def test_who_is_not_authenticated_has_little_time(start: Start) -> None:
    running = start(token=TOKEN, limits=ServiceLimits(greeting_seconds=0.3))
    # However busy it is meanwhile.
    with running.client() as client, pytest.raises((EOFError, ConnectionError)):
        while True:
            client.ask("hello")


def test_who_is_authenticated_stays(start: Start) -> None:
    running = start(token=TOKEN, limits=ServiceLimits(newcomers=2))
    with ExitStack() as stack, running.client() as client:
        authenticate(client)
        for _ in range(10):
            stack.enter_context(running.client()).ask("hello")
        assert client.run("print(1)")["result"]["result"] == "1\n"


def authenticate(client: Client) -> None:
    nonce = "00" * 32
    greeting = client.ask("hello", nonce=nonce)["result"]
    message = b"blender-remote client\0" + bytes.fromhex(nonce + greeting["nonce"])
    proof = hmac.digest(TOKEN.encode(), message, "sha256").hex()
    assert client.ask("authenticate", proof=proof)["status"] == "success"
