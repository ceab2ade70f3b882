"""What nobody would send to the service: requests with wrong values, cut, glued, spoilt.

Drawn from a source of choices, so that a seed, or a fuzzer that learns, decides what comes.
"""

import base64
import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Value = Any
Request = dict[str, Value]
Choice = TypeVar("Choice")


def wheel_name(package: str) -> str:
    """A name that an upload may have."""
    return f"{package}-1.0-py3-none-any.whl"


class Source(Protocol):
    """Where choices come from."""

    def below(self, limit: int) -> int:
        """A number from 0 up to, but not including, `limit`."""
        ...


class Seeded:
    """Choices that are the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def below(self, limit: int) -> int:
        return int(self._random() * limit)


@dataclass(frozen=True)
class Sent:
    """One input."""

    data: bytes
    answered: bool
    """It is one whole request, so that exactly one answer comes and the connection goes on."""


# All of it is harmless for the machine: it prints, computes, fails, or doesn't parse.
CODES = (
    "pass",
    "print('x' * 1000)",
    "1 / 0",
    "raise SystemExit(3)",
    "raise KeyboardInterrupt",
    "x = [",
    "print(chr(0xd800))",
    "import bpy; print(len(bpy.data.objects))",
    "\0",
    "\ufeffprint(1)",
    "# -*- coding: none -*-\nprint(1)",
    "def f(): f()\nf()",
    "import sys; sys.stdout.write(b'')",
    "yield",
)
# No request names another job, or another's code: these could end what a good client has begun.
JOB = "bld-job-1"
NAME = "fuzz"
# Where code, or a path, stands, another text could do anything.
_TEXTS_OF_OURS = ("code", "filepath", "part", "target", "request_id", "job_id")
_NO_BYTE_OF = (*_TEXTS_OF_OURS, "call", "message", "server_shutdown")
_TEXTS = ("", "\0", "é😀", "\ud800", "execute_code", "nul", "NaN")
_BYTES = (b'"', b"{", b"}", b"\\", b"\0", b"\xff", b",", b"[", b"\\u")
_NUMBERS = (0, -1, 1, 2**31, 2**53, -(2**63), 10**300, 1e308, -0.0, 0.5)


class Inputs:
    """Draws inputs."""

    def __init__(self, source: Source, folder: str) -> None:
        """`folder`: where uploads go."""
        self._below = source.below
        self._folder = folder

    def draw(self) -> Sent:
        """The next input."""
        kind = self._below(20)
        if kind < 17:
            request = self._request()
            return self._whole(self._spoilt(request) if kind < 14 else request)
        draw: Callable[[], bytes] = self._one(
            (self._noise, self._cut, self._bent, self._glued, self._raw, self._upload, self._raw)
        )
        return Sent(draw(), answered=False)

    def ends(self) -> bool:
        """Whether a connection ends after an input that isn't a whole request."""
        return self._below(5) > 0

    def pieces(self, data: bytes) -> list[bytes]:
        """The same bytes, cut anywhere."""
        if self._below(3) > 0:
            return [data]
        cuts = sorted(self._below(len(data) + 1) for _ in range(1 + self._below(4)))
        return [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, None], strict=True)]

    def _one(self, choices: Sequence[Choice]) -> Choice:
        return choices[self._below(len(choices))]

    def _request(self) -> Request:
        return self._one(REQUESTS)(self)

    def _whole(self, request: Request) -> Sent:
        text = json.dumps(request, ensure_ascii=self._below(2) == 0)
        if self._below(4) == 0:
            text = json.dumps(request, ensure_ascii=True, indent=self._one((0, 2, "\t")))
        # Without an escape a lone surrogate has no bytes.
        data = text.encode("utf-8", "surrogatepass")
        fits = "\ud800" not in text and "\udfff" not in text
        goes_on = request.get("type") not in ("upload", "authenticate")
        return Sent(data + self._one((b"", b"", b"\n", b" \r\n\t")), fits and goes_on)

    def _spoilt(self, request: Request) -> Request:
        """One place of it is something else, or gone."""
        params = request.get("params")
        if isinstance(params, dict) and params and self._below(4) > 0:
            return {**request, "params": self._spoilt(params)}
        name = self._one((*request, "extra", "params"))
        kind = request.get("type")
        # Null, or nothing, would mean all of them, or the end.
        if kind in ("interrupt", "server_shutdown") or "request_id" in request:
            return request
        if name != "code" and self._below(5) == 0:
            return {key: value for key, value in request.items() if key != name}
        if name in _TEXTS_OF_OURS:
            return {**request, name: self._odd(1, texts=("", "\0", "\ud800"))}
        return {**request, name: self._odd(0)}

    def _odd(self, depth: int, texts: Sequence[str] | None = None) -> Value:
        kind = self._below(8)
        if kind < 2:
            return self._one(_NUMBERS)
        if kind < 4:
            known = (
                "",
                "\0",
                "é😀",
                "\ud800",
                "execute_code",
                "nul",
                "NaN",
                "x" * self._below(2000),
            )
            return self._one(texts or known)
        if kind == 4:
            return self._one((None, True, False))
        if depth > 3:
            return self._one(([], {}))
        if kind == 5:
            return [self._odd(depth + 1, texts) for _ in range(self._below(5))]
        names = ("params", "", "\udfff", "x", "argv", "name")
        return {self._one(names): self._odd(depth + 1, texts) for _ in range(self._below(3))}

    def _harmless(self) -> bytes:
        """A request without code or paths, of which any byte may be another."""
        while True:
            request = self._request()
            text = json.dumps(request)
            if not any(f'"{name}"' in text for name in _NO_BYTE_OF):
                return text.encode()

    def _noise(self) -> bytes:
        begin = self._one((b"", b"{", b'{"type":', b'{"type":"hello","params":'))
        return begin + bytes(self._below(256) for _ in range(1 + self._below(60)))

    def _cut(self) -> bytes:
        text = json.dumps(self._request()).encode()
        return text[: self._below(len(text))]

    def _bent(self) -> bytes:
        text = bytearray(self._harmless())
        for _ in range(1 + self._below(3)):
            at, kind = self._below(len(text)), self._below(4)
            if kind == 0:
                text[at] = self._below(256)
            elif kind == 1:
                del text[at : at + 1 + self._below(4)]
                text += b"}"
            elif kind == 2:
                text[at:at] = self._one(
                    (b'"', b"{", b"}", b"\\", b"\0", b"\xff", b",", b"[", b"\\u")
                )
            else:
                text[at:at] = text[: self._below(20)]
        return bytes(text)

    def _glued(self) -> bytes:
        one, other = self._harmless(), self._harmless()
        between = self._one((b"", b",", b"\0", b"}", b"]", b'"', b"GET / HTTP/1.1\r\n\r\n"))
        return one[: self._below(len(one) + 1)] + between + other

    def _raw(self) -> bytes:
        count = 1 + self._below(40)
        text: Callable[[], str] = self._one(
            (
                lambda: "[" * count * 20,
                lambda: '{"type":' + "[" * count * 30 + "]" * count * 30 + "}",
                lambda: '{"a":' * count * 20 + "1" + "}" * count * 20,
                lambda: '{"type":"hello","n":' + "9" * count * 200 + "}",
                lambda: '{"type":"hello","n":-' + "9" * 900 + "." + "1" * 900 + "e" * count + "}",
                lambda: '{"type":"hello","n":[' + "1," * count * 50 + "1]}",
                lambda: '{"type":"hello","n":"' + "\\\\" * count * 50 + '"}',
                lambda: '{"type":"execute_code","params":{"code":"pass","_timeout_seconds":1e999}}',
                lambda: '{"type":"hello","params":NaN}',
                lambda: '{"type":"get_object_info","params":{"name":"\\ud800"}}',
                lambda: '{"type":"hello","type":"status"}',
                lambda: "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                lambda: "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
                lambda: "{}",
                lambda: "{" + " " * count * 50 + "}",
                lambda: '{"type":"hello"}\0',
            )
        )
        return text().encode("latin-1")

    def _upload(self) -> bytes:
        """A file with its request: as it should be, or cut anywhere, or with a wrong hash."""
        size = self._one((0, 1, 100, 5000))
        content = bytes([self._below(256)]) * size
        name = wheel_name(f"fuzz{self._below(3)}")
        part, target = f"{self._folder}/.{name}.0f.part", f"{self._folder}/{name}"
        claimed = size if self._below(4) > 0 else self._one((size + 1, 2**62, 0))
        offset = 0 if self._below(4) > 0 else self._one((1, claimed, claimed + 1))
        lines = f"{part}\n{target}\n{claimed}\n{offset}"
        params = {
            "part": part,
            "target": target,
            "size": claimed,
            "offset": offset,
            "digest": hashlib.sha256(lines.encode()).hexdigest(),
        }
        data = json.dumps({"type": "upload", "params": params}).encode() + content[offset:]
        data += hashlib.sha256(content).hexdigest().encode()
        return data if self._below(2) == 0 else data[: self._below(len(data))]

    def _code(self) -> str:
        # Code of users has tests of its own.
        return self._one(CODES) if self._below(8) == 0 else "pass"

    def _call(self) -> Request:
        call = self._one(("", "{}", "[]", "null", '{"source": 1}', '{"script": "x"}', "\0", "["))
        digest = hashlib.sha256(call.encode()).hexdigest()
        return {"call": call, "digest": self._one((digest, digest, "0", ""))}


def _request(kind: str, **params: Value) -> Callable[[Inputs], Request]:
    return lambda _inputs: {"type": kind, "params": params}


def _with_code(kind: str, **params: Value) -> Callable[[Inputs], Request]:
    return lambda inputs: {"type": kind, "params": {"code": inputs._code(), **params}}


def _with_base64(kind: str, **params: Value) -> Callable[[Inputs], Request]:
    def request(inputs: Inputs) -> Request:
        code = base64.b64encode(inputs._code().encode("utf-8", "replace")).decode()
        return {"type": kind, "params": {"code": code, "code_is_base64": True, **params}}

    return request


_PROGRAM = {"name": "fuzz.py", "argv": ["fuzz.py", "ü"], "path0": ""}

REQUESTS: tuple[Callable[[Inputs], Request], ...] = (
    _request("hello", client="fuzz", nonce="00" * 32),
    _request("hello", client="fuzz"),
    _request("authenticate", proof="00"),
    _request("status"),
    _request("interrupt", request_id=NAME),
    _request("interrupt", request_id=[NAME]),
    _request("server_shutdown", force="yes", quit=[]),
    _with_code("execute_code", _request_id=NAME),
    _with_code("execute_code", wait_timeout_seconds=5, detach_on_wait_timeout=True),
    _with_base64("execute_code", return_as_base64=True, _timeout_seconds=5, _own=True),
    _with_code("submit_code_job", title="fuzz", job_timeout_seconds=5),
    _with_base64("submit_code_job", title="fuzz", program=_PROGRAM),
    _request("job_output", job_id=JOB, offset=0, wait_seconds=0),
    _request("get_job_status", job_id=JOB),
    _request("get_job_result", job_id=JOB),
    _request("cancel_job", job_id=JOB, reason="fuzz"),
    _request("get_queue_status"),
    _request("get_active_item"),
    _request("list_jobs", status="completed", include_terminal=True, limit=3),
    _request("get_scene_info"),
    _request("get_object_info", name="Cube"),
    _request("get_viewport_screenshot", max_size=10, filepath="/nonexistent/shot.png", format="x"),
    _request("put_persist_data", key="fuzz", data=[1, {"a": None}]),
    _request("get_persist_data", key="fuzz", default=1),
    _request("remove_persist_data", key="fuzz"),
    _request("get_polyhaven_status"),
    lambda inputs: {"type": "run_script", "params": inputs._call()},
    _request("upload", part="", target="", size=3, offset=0, digest="0"),
    lambda inputs: {"message": "hi", "code": inputs._code()},
    _request("no such request", x=1),
)
"""Every kind of request that the service knows, as it should be."""
