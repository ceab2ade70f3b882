"""A small client of the service, and a server whose main thread a test can hold."""

import hmac
import json
import os
import socket
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from bld_remote_mcp.blender import BlenderFacts
from bld_remote_mcp.server import Server
from bld_remote_mcp.wakeup import Wakeup

SECONDS = 20
"""How long anything may take before a test fails rather than hangs."""


def wait_until(condition: Callable[[], bool]) -> None:
    """Return once `condition` holds; fail if it never does."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.001)


def proof(token: str, whose: str, nonces: bytes) -> str:
    """What `whose` ("service" or "client") sends for these nonces, the client's first."""
    text = b"blender-remote " + whose.encode() + b"\0" + nonces
    return hmac.new(token.encode(), text, "sha256").hexdigest()


class Client:
    """One connection: requests out, answers in, in order."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._received = ""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.socket.close()

    def send(self, request: object) -> None:
        self.socket.sendall(json.dumps(request).encode())

    def receive(self) -> dict:
        """The next answer; EOFError if the server closed instead, AssertionError if none comes."""
        while True:
            if self._received:
                try:
                    answer, end = json.JSONDecoder().raw_decode(self._received)
                except json.JSONDecodeError:
                    pass
                else:
                    self._received = self._received[end:]
                    return answer
            try:
                data = self.socket.recv(1 << 20)
            except TimeoutError:
                raise AssertionError(f"no answer came in {SECONDS} s") from None
            if not data:
                raise EOFError
            self._received += data.decode("ascii")

    def ask(self, kind: str, **params: object) -> dict:
        self.send({"type": kind, "params": params})
        return self.receive()

    def run(self, code: str, **params: object) -> dict:
        return self.ask("execute_code", code=code, **params)

    def hello(self) -> tuple[dict, bytes]:
        """The service's answer to a hello with a nonce, and both nonces."""
        nonce = os.urandom(32)
        answer = self.ask("hello", nonce=nonce.hex())["result"]
        return answer, nonce + bytes.fromhex(answer["nonce"])

    def authenticate(self, token: str) -> dict:
        """Prove the token; the answer."""
        _answer, nonces = self.hello()
        return self.ask("authenticate", proof=proof(token, "client", nonces))

    def is_closed(self) -> bool:
        """Wait for the end of the stream; whether it came, and nothing before it."""
        try:
            return self._received == "" and self.socket.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


class RunningServer:
    """A server on a free port, with a thread in the part of Blender's main thread."""

    def __init__(self, *, background: bool = True, token: str | None = None, **bounds: Any) -> None:
        self.server = Server(BlenderFacts("4.2.1", background), "2.0.0", token, **bounds)
        self._wakeup = Wakeup()
        self.server.jobs.wake_main_thread = self._wakeup.set
        self.server.start("127.0.0.1", 0)
        self.port = self.server.port
        self._main = Thread(target=self._loop)
        self._main.start()

    def client(self) -> Client:
        return Client(self.port)

    def stop(self) -> None:
        self.server.request_stop(quit_blender=False, force=True)
        self.join()

    def join(self) -> None:
        """Wait for the main loop's end, and close."""
        self._main.join(SECONDS)
        assert not self._main.is_alive(), "the main loop didn't end"
        self.server.close()
        self._wakeup.close()

    def _loop(self) -> None:
        while not self.server.stop_requested:
            if not self.server.jobs.run_next():
                self._wakeup.wait()


class Gate:
    """Importable as `gate` by code in the server: it says that it runs, and waits to go on."""

    def __init__(self) -> None:
        self.started = Event()
        self.go = Event()
        self.ran: list[object] = []

    def hold(self) -> None:
        self.started.set()
        assert self.go.wait(SECONDS)

    def wait_started(self) -> None:
        assert self.started.wait(SECONDS), "the code never started"
