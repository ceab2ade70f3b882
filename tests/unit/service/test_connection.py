"""What a client may do to its connection, and what becomes of the others."""

import json
import logging
import socket
import struct
from collections.abc import Callable

import pytest
from bld_remote_mcp.limits import RequestLimits, ServiceLimits
from wire import Client, Gate, RunningServer, wait_until


def test_pipelined_requests_are_answered_in_order(client: Client) -> None:
    requests = [{"type": "execute_code", "params": {"code": f"print({n})"}} for n in range(50)]
    requests.insert(25, {"type": "status"})
    client.socket.sendall(b" \n".join(json.dumps(each).encode() for each in requests))
    answers = [client.receive()["result"] for _ in requests]
    assert "queued" in answers.pop(25)
    assert [each["result"] for each in answers] == [f"{n}\n" for n in range(50)]


def test_a_request_in_single_bytes(client: Client) -> None:
    for byte in json.dumps({"type": "execute_code", "params": {"code": "print('}ü')"}}).encode():
        client.socket.sendall(bytes([byte]))
    assert client.receive()["result"]["result"] == "}ü\n"


def test_a_big_request_and_a_big_answer(client: Client) -> None:
    text = 'ü}"\\\n' * 300_000
    answer = client.run(f"data = {text!r}\nprint(data, end='')")
    assert answer["result"]["result"] == text


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n\r\n", b" {}", b"[]", b"\xff", b"\x16\x03"])
def test_another_protocol_gets_no_answer(client: Client, first: bytes) -> None:
    client.socket.sendall(first)
    assert client.is_closed()


@pytest.mark.parametrize(
    "garbage",
    [b"{nonsense}", b'{"a": "\xff"}', b'{"type": "hello"} [1]', b"{" * 50_000 + b"}" * 50_000],
)
def test_garbage_gets_one_error_and_the_end(client: Client, garbage: bytes) -> None:
    client.socket.sendall(garbage + b'{"type": "hello"}')
    answer = client.receive()
    if "result" in answer:
        answer = client.receive()
    assert answer["status"] == "error"
    assert "the request can't be read" in answer["message"]
    assert client.is_closed()


def test_deep_nesting_is_garbage(client: Client) -> None:
    client.socket.sendall(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    assert "the request can't be read" in client.receive()["message"]


def test_a_request_over_the_bound(start: Callable[..., RunningServer]) -> None:
    running = start(limits=ServiceLimits(request=RequestLimits(size=1000)))
    with running.client() as client:
        client.run("pass")
        client.socket.sendall(b'{"type": "' + b"x" * 1_000_000)
        assert "more than 1000 bytes" in client.receive()["message"]
        assert client.is_closed()


def test_a_client_that_goes_away_is_no_matter(
    start: Callable[..., RunningServer], gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bld_remote_mcp")
    running = start()
    code = "import gate\ngate.hold()\nprint('x' * 10_000_000)\ngate.ran.append(1)"
    with running.client() as client:
        client.send({"type": "execute_code", "params": {"code": code}})
        gate.wait_started()
        reset = struct.pack("ii", 1, 0)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    gate.go.set()
    wait_until(lambda: running.server.connections == 0)
    with running.client() as client:
        assert client.run("pass")["status"] == "success"
    assert gate.ran == [1]
    loud = [record for record in caplog.records if record.levelno > logging.DEBUG]
    assert [record.message for record in loud] == [f"Listening on 127.0.0.1:{running.port}"]


def test_half_a_request_and_the_end(start: Callable[..., RunningServer]) -> None:
    running = start()
    with running.client() as client:
        client.socket.sendall(b'{"type": "hel')
    wait_until(lambda: running.server.connections == 0)


def test_a_client_that_has_stopped_sending_gets_its_answer(client: Client) -> None:
    client.send({"type": "execute_code", "params": {"code": "print(1)"}})
    client.socket.shutdown(socket.SHUT_WR)
    assert client.receive()["result"]["result"] == "1\n"
    assert client.is_closed()


def test_a_client_that_does_not_read_holds_up_nobody(start: Callable[..., RunningServer]) -> None:
    running = start()
    with running.client() as deaf, running.client() as client:
        for _ in range(20):
            deaf.send({"type": "execute_code", "params": {"code": "print('x' * 5_000_000)"}})
        wait_until(lambda: client.ask("status")["result"]["requests"] > 3)
        assert client.run("print(1)")["result"]["result"] == "1\n"
        running.stop()  # Nor can it hold up the end
