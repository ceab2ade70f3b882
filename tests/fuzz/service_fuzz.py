"""What atheris runs for each input of ./dev fuzz: see scripts/fuzz.ts.

An input is either bytes of a connection, cut into pieces, whose messages must be what Python's own
json makes of them; or it makes the choices of which the inputs of the other fuzzer are drawn, which
go to a service that must answer a good client right after.
"""

import json
import logging
import sys
import tempfile
from itertools import count
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(ROOT / "src" / "service"),
    str(ROOT / "tests" / "unit" / "service"),
    str(ROOT / "tests" / "support"),
]

import fake_bpy  # noqa: E402

fake_bpy.install()

with atheris.instrument_imports(include=["bld_remote_mcp"]):
    from bld_remote_mcp.framing import FramingError, MessageBuffer
    from bld_remote_mcp.limits import RequestLimits
    from bld_remote_mcp.request_text import read_request
    from wire import RunningServer

from wire_client import WireClient  # noqa: E402
from wire_fuzz import send_batch  # noqa: E402
from wire_inputs import REQUESTS, Inputs, Seeded  # noqa: E402

_LIMITS = RequestLimits(size=4096, values=200, escapes=200, depth=50)
# What goes over a connection takes a thousand times as long.
_SENT_EVERY = 30
_asked = count()
_TOKEN = "0123456789abcdef" * 4

logging.disable(logging.CRITICAL)
# The service's threads and the fuzzer's hand over to each other all the time.
sys.setswitchinterval(0.0001)
_running = RunningServer(token=_TOKEN)
_folder = tempfile.mkdtemp(prefix="blender-remote-fuzz-")


class Chosen:
    """Choices that the fuzzer makes."""

    def __init__(self, data: "atheris.FuzzedDataProvider") -> None:
        self._data = data

    def below(self, limit: int) -> int:
        """A number from 0 up to, but not including, `limit`."""
        return self._data.ConsumeIntInRange(0, limit - 1)


def test_one_input(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    # What is used up gives 0.
    if provider.ConsumeIntInRange(0, _SENT_EVERY) < _SENT_EVERY:
        _read(provider)
    # The fuzzer would send nearly all of them, since that reaches most.
    elif next(_asked) % _SENT_EVERY == 0:
        _send(Inputs(Chosen(provider), _folder))


def _read(provider: "atheris.FuzzedDataProvider") -> None:
    cuts = [provider.ConsumeIntInRange(1, 64) for _ in range(provider.ConsumeIntInRange(0, 4))]
    stream = provider.ConsumeBytes(provider.remaining_bytes())
    buffer = MessageBuffer(_LIMITS)
    whole = MessageBuffer(_LIMITS)
    whole.feed(stream)
    at = 0
    for size in [*cuts, len(stream)]:
        buffer.feed(stream[at : at + size])
        at += size
        while (message := _next(buffer)) is not None:
            # However it is cut, it is the same message.
            assert message == _next(whole)
            _compare(message)


def _next(buffer: MessageBuffer) -> bytes | memoryview | None:
    try:
        return buffer.next_message()
    except FramingError:
        return None


def _compare(message: bytes | memoryview) -> None:
    try:
        request, wrong = read_request(message)
    except (ValueError, RecursionError):
        return
    if wrong is None:
        assert request == json.loads(bytes(message))


def _send(inputs: Inputs) -> None:
    batch = [inputs.draw() for _ in range(5)]

    def connect() -> WireClient:
        return WireClient(_running.port, _TOKEN)

    send_batch(connect, batch, inputs, proven=True)
    with connect() as client:
        assert client.printed("print(6 * 7)") == "42\n"


def _sow(corpus: Path) -> None:
    """Give the fuzzer each request as it should be; choices are drawn from an input's end."""
    inputs = Inputs(Seeded(1), _folder)
    for number, request in enumerate(REQUESTS):
        text = json.dumps(request(inputs)).encode()
        (corpus / f"request-{number}").write_bytes(text + b"\0\xff")


_sow(Path(sys.argv[-1]))
atheris.Setup(sys.argv, test_one_input)
atheris.Fuzz()
