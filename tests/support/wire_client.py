"""A client of the service without any of the product's code, for the fuzzer and the soak."""

import hmac
import json
import os
import socket
from collections.abc import Iterator
from typing import Any

SECONDS = 60
"""How long any answer may take before a test fails rather than hangs."""

Answer = dict[str, Any]


class WireClient:
    """One connection: requests out, answers in, in order."""

    def __init__(self, port: int, token: str | None = None) -> None:
        """`token`: what to prove before anything else; None where the service asks for none."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = ""
        if token is not None:
            self._authenticate(token)

    def __enter__(self) -> "WireClient":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.socket.close()

    def ask(self, kind: str, **params: object) -> Answer:
        """The answer to one request; EOFError where the service closes instead."""
        self.socket.sendall(json.dumps({"type": kind, "params": params}).encode())
        return self.answer()

    def answer(self) -> Answer:
        """The next answer; EOFError where the service closes instead."""
        for answer in self._answers():
            return answer
        raise EOFError

    def result(self, kind: str, **params: object) -> Any:
        """The result of a request that must succeed."""
        answer = self.ask(kind, **params)
        assert answer.get("status") == "success", f"{kind}: {answer}"
        return answer["result"]

    def printed(self, code: str) -> str:
        """What code prints that must succeed."""
        return self.result("execute_code", code=code)["result"]

    def rest(self) -> list[Answer]:
        """All answers until the service closes, or resets the connection."""
        try:
            return list(self._answers())
        except ConnectionError:
            return []

    def _answers(self) -> Iterator[Answer]:
        decoder = json.JSONDecoder()
        while True:
            # An answer is on one line, and nothing stands between two.
            while self._received.endswith("}"):
                try:
                    answer, end = decoder.raw_decode(self._received)
                except json.JSONDecodeError:
                    break
                self._received = self._received[end:]
                yield answer
            data = self.socket.recv(1 << 20)
            if not data:
                assert self._received == "", f"half an answer: {self._received[:200]!r}"
                return
            self._received += data.decode("ascii")

    def _authenticate(self, token: str) -> None:
        nonce = os.urandom(32)
        theirs = bytes.fromhex(self.result("hello", nonce=nonce.hex())["nonce"])
        message = b"blender-remote client\0" + nonce + theirs
        proof = hmac.digest(token.encode(), message, "sha256").hex()
        self.result("authenticate", proof=proof)
