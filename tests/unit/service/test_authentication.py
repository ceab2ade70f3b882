"""Who gets in: nobody without a proof of the token, and what those who try come to."""

import json
import logging
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from bld_remote_mcp import authentication, seldom
from bld_remote_mcp.authentication import Authentication
from wire import SECONDS, Client, Gate, RunningServer, proof, wait_until

TOKEN = "0123456789abcdef" * 4
OTHER = "f" * 64

Starts = Callable[..., RunningServer]


@pytest.fixture
def running(start: Starts) -> RunningServer:
    return start(token=TOKEN)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "_FIRST_PAUSE", 0.0)


def request(kind: str | None, **params: object) -> bytes:
    return json.dumps({"type": kind, "params": params}).encode()


CODE = "import gate\ngate.ran.append(1)"
REQUESTS = {
    "execute_code": request("execute_code", code=CODE),
    "execute_code that is long": request("execute_code", code=CODE + "\n" + "#" * 200_000),
    "execute_code as a job": request("execute_code", code=CODE, wait_timeout_seconds=1),
    "run_script": request("run_script", call=CODE, digest=""),
    "upload": request("upload", part="/tmp/x.part", target="/tmp/x", size=3) + b"abc",
    "status": request("status"),
    "interrupt": request("interrupt"),
    "server_shutdown": request("server_shutdown", force=True),
    "submit_code_job": request("submit_code_job", code=CODE),
    "job_output": request("job_output", job_id="bld-job-0"),
    "list_jobs": request("list_jobs"),
    "get_scene_info": request("get_scene_info"),
    "put_persist_data": request("put_persist_data", key="a", data=1),
    "no such command": request("no such command"),
    "the oldest form": json.dumps({"message": "x", "code": CODE}).encode(),
    "a type that is null": json.dumps({"type": None, "code": CODE}).encode(),
    "a type that is a list": b'{"type": ["hello"], "params": {}}',
    "a type that is an object": b'{"type": {"hello": 1}}',
    "an empty object": b"{}",
}


@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS)
def test_without_a_token_nothing_is_done(running: RunningServer, gate: Gate, sent: bytes) -> None:
    with running.client() as client:
        client.socket.sendall(sent + sent)
        answer = client.receive()
        assert answer["status"] == "error"
        assert "this service asks for a token" in answer["message"]
        assert "start --no-auth" in answer["message"]
        assert client.is_closed()
    with running.client() as client:
        client.authenticate(TOKEN)
        assert client.ask("status")["result"]["requests"] == 2  # Its hello, and this
    assert gate.ran == []


@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS)
def test_nor_after_a_hello(running: RunningServer, gate: Gate, sent: bytes) -> None:
    with running.client() as client:
        client.hello()
        client.socket.sendall(sent)
        assert "this service asks for a token" in client.receive()["message"]
        assert client.is_closed()
    assert gate.ran == []


def test_with_the_token_everything_goes_on_as_ever(running: RunningServer, gate: Gate) -> None:
    with running.client() as client:
        assert client.authenticate(TOKEN) == {
            "status": "success",
            "result": {"authenticated": True},
        }
        assert client.run(CODE)["status"] == "success"
        assert client.ask("status")["status"] == "success"
        assert "unknown command" in client.ask("nonsense")["message"]
        assert client.ask("hello")["result"]["authentication"] == "hmac-sha256"
        assert client.run(CODE)["status"] == "success"
        again = client.ask("authenticate", proof="0" * 64)
        assert "authenticated already" in again["message"]
    assert gate.ran == [1, 1]


def test_the_service_proves_itself_first(running: RunningServer) -> None:
    with running.client() as client:
        answer, nonces = client.hello()
        assert answer["authentication"] == "hmac-sha256"
        assert answer["proof"] == proof(TOKEN, "service", nonces)
        assert TOKEN not in json.dumps(answer)


def test_the_proofs_of_the_documentation() -> None:
    path = Path(__file__).resolve().parents[3] / "docs" / "authentication.md"
    written = re.findall(r"^(service|client): +([0-9a-f]{64})$", path.read_text("utf-8"), re.M)
    nonces = bytes.fromhex("1" * 64 + "2" * 64)
    token = "0123456789abcdef" * 2
    assert written == [(whose, proof(token, whose, nonces)) for whose in ("service", "client")]


def test_without_a_token_of_its_own_it_asks_for_none(client: Client) -> None:
    answer = client.ask("hello", nonce="0" * 64)["result"]
    assert answer["authentication"] == "none"
    assert "nonce" not in answer
    assert "proof" not in answer
    assert client.run("print(1)")["result"]["result"] == "1\n"
    assert "asks for no token" in client.ask("authenticate", proof="0" * 64)["message"]


@pytest.mark.parametrize("given", [OTHER, TOKEN.upper(), TOKEN[:-1], TOKEN + "0"])
def test_another_token(running: RunningServer, given: str) -> None:
    with running.client() as client:
        answer = client.authenticate(given)
        assert answer["status"] == "error"
        assert "the proof is wrong" in answer["message"]
        assert client.is_closed()


def test_the_services_own_proof_is_no_clients(running: RunningServer) -> None:
    with running.client() as client:
        answer, _nonces = client.hello()
        client.send({"type": "authenticate", "params": {"proof": answer["proof"]}})
        assert "the proof is wrong" in client.receive()["message"]
        assert client.is_closed()


@pytest.mark.parametrize("given", [None, "", "\0", "ü" * 64, "0" * 63, TOKEN])
def test_what_is_no_proof(running: RunningServer, given: object) -> None:
    with running.client() as client:
        client.hello()
        assert "the proof is wrong" in client.ask("authenticate", proof=given)["message"]
        assert client.is_closed()


@pytest.mark.parametrize("given", [1, True, [], {"proof": 1}, 1.5])
def test_a_proof_of_the_wrong_type(running: RunningServer, given: object) -> None:
    with running.client() as client:
        client.hello()
        assert "proof must be a string" in client.ask("authenticate", proof=given)["message"]
        assert client.is_closed()


@pytest.mark.parametrize("given", [1, True, [], {}, "", "0" * 63, "0" * 65, "g" * 64, "ü" * 64])
def test_a_nonce_of_the_wrong_kind(running: RunningServer, given: object) -> None:
    with running.client() as client:
        answer = client.ask("hello", nonce=given)
        assert answer["status"] == "error"
        assert "nonce must be" in answer["message"]
        # It has greeted nobody: the next one counts.
        assert client.authenticate(TOKEN)["status"] == "success"


@pytest.mark.parametrize("given", [{}, {"nonce": None}])
def test_a_hello_without_a_nonce(running: RunningServer, given: dict[str, None]) -> None:
    with running.client() as client:
        answer = client.ask("hello", **given)["result"]
        assert answer["authentication"] == "hmac-sha256"
        assert "nonce" not in answer
        client.send({"type": "authenticate", "params": {"proof": "0" * 64}})
        assert "a hello with a nonce comes before" in client.receive()["message"]
        assert client.is_closed()


def test_authenticate_without_a_hello(running: RunningServer) -> None:
    with running.client() as client:
        assert "comes before" in client.ask("authenticate", proof="0" * 64)["message"]
        assert client.is_closed()


def test_a_recorded_exchange_is_worth_nothing(running: RunningServer, gate: Gate) -> None:
    nonce = "ab" * 32
    with running.client() as client:
        answer = client.ask("hello", nonce=nonce)["result"]
        nonces = bytes.fromhex(nonce + answer["nonce"])
        hello = request("hello", nonce=nonce)
        authenticate = request("authenticate", proof=proof(TOKEN, "client", nonces))
        client.socket.sendall(authenticate)
        assert client.receive()["status"] == "success"
    with running.client() as thief:
        thief.socket.sendall(hello + authenticate + request("execute_code", code=CODE))
        again = thief.receive()["result"]
        assert again["nonce"] != answer["nonce"]
        assert again["proof"] != answer["proof"]
        assert "the proof is wrong" in thief.receive()["message"]
        assert thief.is_closed()
    assert gate.ran == []


def test_a_proof_on_another_connection(running: RunningServer) -> None:
    with running.client() as one, running.client() as other:
        _answer, nonces = one.hello()
        other.hello()
        assert "wrong" in other.ask("authenticate", proof=proof(TOKEN, "client", nonces))["message"]


def test_a_second_hello_gets_no_new_nonce(running: RunningServer) -> None:
    with running.client() as client:
        _answer, nonces = client.hello()
        second = client.ask("hello", nonce="0" * 64)["result"]
        assert "nonce" not in second
        assert "proof" not in second
        # And takes none away.
        sent = proof(TOKEN, "client", nonces)
        assert client.ask("authenticate", proof=sent)["status"] == "success"


def test_a_wrong_proof_waits_longer_each_time_and_alone(
    running: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "_FIRST_PAUSE", 0.25)
    waits: list[float] = []
    pause = Authentication.pause

    def noted(self: Authentication, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 7:
            pause(self, SECONDS)  # Until it is closed

    monkeypatch.setattr(Authentication, "pause", noted)
    for _ in range(6):
        with running.client() as client:
            client.authenticate(OTHER)
    assert waits == [0.25, 0.5, 1, 2, 4, 4]
    with running.client() as waiting, running.client() as client:
        _answer, nonces = waiting.hello()
        waiting.send({"type": "authenticate", "params": {"proof": proof(OTHER, "client", nonces)}})
        wait_until(lambda: len(waits) == 7)
        assert client.authenticate(TOKEN)["status"] == "success"
        assert client.run("print(1)")["result"]["result"] == "1\n"
        began = monotonic()
        running.stop()
        assert monotonic() - began < SECONDS / 2


def test_many_wrong_proofs_hold_few_threads(
    running: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "_FIRST_PAUSE", 10.0 * SECONDS)
    monkeypatch.setattr(authentication, "_LONGEST_PAUSE", 10.0 * SECONDS)
    before = threading.active_count()
    clients: list[Client] = []
    for _ in range(200):
        clients.append(client := running.client())
        _answer, nonces = client.hello()
        wrong = proof(OTHER, "client", nonces)
        client.send({"type": "authenticate", "params": {"proof": wrong}})
    # Those that don't wait are answered and gone, whatever becomes of the first ones.
    assert "the proof is wrong" in clients[-1].receive()["message"]
    wait_until(lambda: threading.active_count() <= before + 20)
    with running.client() as client:
        assert client.authenticate(TOKEN)["status"] == "success"
    for client in clients:
        client.socket.close()


def test_failures_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(authentication, "_FIRST_PAUSE", 0.25)
    monkeypatch.setattr(authentication, "monotonic", lambda: now[0])
    shared = Authentication(TOKEN)
    assert [shared.failed("10.0.0.1", "x") for _ in range(3)] == [0.25, 0.5, 1]
    assert shared.failed("10.0.0.2", "x") == 0.25
    now[0] = 61
    assert shared.failed("10.0.0.1", "x") == 0.25
    for number in range(1000):
        shared.failed(f"10.1.0.{number}", "x")
    assert shared.failed("10.0.0.1", "x") == 0.25


def test_failures_are_logged_and_not_all_of_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [100.0]
    monkeypatch.setattr(seldom, "monotonic", lambda: now[0])
    caplog.set_level(logging.INFO, "bld_remote_mcp")
    shared = Authentication(TOKEN)
    for _ in range(10):
        shared.failed("10.0.0.1", "its proof of the token is wrong")
    now[0] += 6
    shared.failed("10.0.0.2", "it made a request without a token")
    assert [record.message for record in caplog.records] == [
        "Refused a client from 10.0.0.1: its proof of the token is wrong",
        "Refused a client from 10.0.0.2: it made a request without a token "
        "(10 times since the last word)",
    ]


def test_the_log_says_who_tried_and_no_token(
    running: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bld_remote_mcp")
    with running.client() as client:
        client.authenticate(OTHER)
    with running.client() as client:
        client.authenticate(TOKEN)
    assert "Refused a client from 127.0.0.1: its proof of the token is wrong" in caplog.messages
    assert TOKEN not in caplog.text
    assert OTHER not in caplog.text


def test_both_proofs_are_compared_in_constant_time(
    running: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def equal(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(authentication, "_equal", equal)
    with running.client() as client:
        client.authenticate(TOKEN)
    assert len(compared) == 1


def test_a_client_that_reads_nothing_is_closed_all_the_same(running: RunningServer) -> None:
    with running.client() as client:
        client.send({"type": "execute_code", "params": {"code": "pass"}})
        client.socket.shutdown(socket.SHUT_WR)
        wait_until(lambda: running.server.connections == 0)
