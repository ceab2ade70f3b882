"""Many clients, too many clients, and trouble in accepting them."""

import errno
import logging
import threading
from collections.abc import Callable

import pytest
from bld_remote_mcp.blender import BlenderFacts
from bld_remote_mcp.listener import StartError
from bld_remote_mcp.server import Server
from bld_remote_mcp.sockets import Socket
from wire import Client, RunningServer, wait_until


def test_no_descriptors_left(
    start: Callable[..., RunningServer],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    running = start()
    accept, failures = Socket.accept, iter(range(3))

    def failing_accept(listening: Socket) -> Socket:
        if next(failures, None) is not None:
            raise OSError(errno.EMFILE, "Too many open files")
        return accept(listening)

    monkeypatch.setattr(Socket, "accept", failing_accept)
    with caplog.at_level(logging.WARNING, "bld_remote_mcp"), running.client() as client:
        assert client.run("pass")["status"] == "success"
    assert next(failures, None) is None
    said = [record for record in caplog.records if "Can't accept clients" in record.message]
    assert len(said) == 1


def test_no_threads_left(
    start: Callable[..., RunningServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = start()
    start_thread = threading.Thread.start

    def failing_start(_thread: threading.Thread) -> None:
        monkeypatch.setattr(threading.Thread, "start", start_thread)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", failing_start)
    with running.client() as client:
        assert "can't start a thread" in client.receive()["message"]
    with running.client() as client:
        assert client.run("pass")["status"] == "success"
        assert client.ask("status")["result"]["connections"] == 1


def test_a_port_in_use(start: Callable[..., RunningServer]) -> None:
    running = start()
    other = Server(BlenderFacts("4.2.1", True), "2.0.0")
    with pytest.raises(StartError, match=f"can't listen on 127.0.0.1:{running.port}") as caught:
        other.start("127.0.0.1", running.port)
    assert caught.value.errno == errno.EADDRINUSE
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value, RuntimeError)
    other.close()


def test_an_address_that_does_not_exist() -> None:
    server = Server(BlenderFacts("4.2.1", True), "2.0.0")
    with pytest.raises(StartError, match=r"can't listen on 192\.0\.2\.1:0"):
        server.start("192.0.2.1", 0)


def test_the_port_is_free_at_once_after_the_end(start: Callable[..., RunningServer]) -> None:
    running = start()
    with running.client() as client:
        client.run("pass")
        running.stop()
    again = Server(BlenderFacts("4.2.1", True), "2.0.0")
    again.start("127.0.0.1", running.port)
    again.close()


def test_nothing_is_left_after_the_end(start: Callable[..., RunningServer]) -> None:
    threads = threading.active_count()
    running = start()
    clients = [running.client() for _ in range(10)]
    for client in clients:
        client.ask("hello")
    running.stop()
    wait_until(lambda: threading.active_count() == threads)
    assert all(client.is_closed() for client in clients)
    for client in clients:
        client.socket.close()


def test_closing_twice_and_without_a_start() -> None:
    server = Server(BlenderFacts("4.2.1", True), "2.0.0")
    server.close()
    server.start("127.0.0.1", 0)
    server.close()
    server.close()


def test_a_warning_beyond_loopback(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(BlenderFacts("4.2.1", True), "2.0.0", "t" * 64)
    with caplog.at_level(logging.WARNING, "bld_remote_mcp"):
        server.start("0.0.0.0", 0)
    server.close()
    assert "Whoever is on the way to 0.0.0.0" in caplog.text


def test_localhost(start: Callable[..., RunningServer]) -> None:
    server = Server(BlenderFacts("4.2.1", True), "2.0.0")
    server.start("localhost", 0)
    with Client(server.port) as client:
        assert client.ask("hello")["status"] == "success"
    server.close()
