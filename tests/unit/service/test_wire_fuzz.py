"""200,000 inputs that nobody would send: no crash, nothing left, and a good client beside them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bld_remote_mcp.blender import BlenderFacts
from bld_remote_mcp.dispatch import Dispatcher
from bld_remote_mcp.server import Server
from wire_client import WireClient
from wire_fuzz import fuzz
from wire_inputs import REQUESTS, Inputs, Seeded

# Under Wine each connection takes as long as hundreds do.
TOTAL = 200_000 if os.name == "posix" else 2_000
SEED = int(os.environ.get("FUZZ_SEED", "20261127"))
# Nothing good takes so long; on a busy machine an answer does now and then.
LONGEST_WAIT = 10.0
GROWTH = 20_000_000


@pytest.fixture
def one_processor() -> Iterator[None]:
    """Keep this thread, and all that it starts, on one processor.

    Client and service wait for each other, and waking somebody on another processor costs more than
    what there is to do.
    """
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("one_processor")
def test_inputs_that_nobody_would_send(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    serving = Path(__file__).with_name("serving.py")
    environment = {**os.environ}
    del environment["BLD_REMOTE_NO_AUTH"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(serving), ""],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        token = (tmp_path / "tokens" / str(port)).read_text(encoding="ascii").strip()
        folder = tmp_path / "files"
        folder.mkdir()
        with capsys.disabled():
            print(f"\nseed {SEED}", end=" ", flush=True)
        figures = fuzz(
            lambda: WireClient(port, token),
            lambda: WireClient(port),
            [Inputs(Seeded(SEED + number), str(folder)) for number in range(3)],
            TOTAL,
        )
        with capsys.disabled():
            print(figures)
        assert process.poll() is None
        assert figures.inputs >= TOTAL
        assert figures.good_answers > 100
        assert figures.longest_wait < LONGEST_WAIT
        assert figures.growth < GROWTH
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_every_request_that_the_service_knows_is_drawn() -> None:
    server = Server(BlenderFacts("4.2.1", True), "2.0.0")
    known = Dispatcher(server).known | {"authenticate", "upload"}
    inputs = Inputs(Seeded(1), "/nonexistent")
    assert known <= {request(inputs).get("type") for request in REQUESTS}
