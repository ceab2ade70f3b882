"""Makes the add-on importable by plain Python and gives tests a running server."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / "src" / "service")]

import fake_bpy  # noqa: E402

fake_bpy.install()

from wire import Client, Gate, RunningServer  # noqa: E402


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's; a test of tokens takes the second one away."""
    for name in list(os.environ):
        if name.startswith("BLD_REMOTE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BLD_REMOTE_TOKEN_FOLDER", str(tmp_path / "tokens"))
    monkeypatch.setenv("BLD_REMOTE_NO_AUTH", "1")


@pytest.fixture
def bpy() -> Iterator[ModuleType]:
    """The stand-in, as the add-on's modules see it, reset after the test."""
    module = sys.modules["bpy"]
    before = dict(vars(module))
    fresh = fake_bpy.install()
    vars(module).update(vars(fresh))
    sys.modules["bpy"] = module
    sys.modules["bpy.props"] = before["props"]
    yield module
    vars(module).update(before)


@pytest.fixture
def start() -> Iterator[Callable[..., RunningServer]]:
    """Starts servers; stops them after the test."""
    running: list[RunningServer] = []

    def start_one(**options: object) -> RunningServer:
        running.append(RunningServer(**options))
        return running[-1]

    yield start_one
    for each in running:
        each.stop()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """What code in the server imports as `gate`; opened after the test."""
    made = Gate()
    monkeypatch.setitem(sys.modules, "gate", made)
    yield made
    made.go.set()


@pytest.fixture
def client(bpy: ModuleType, start: Callable[..., RunningServer]) -> Iterator[Client]:
    """A client of a server of its own."""
    with start().client() as made:
        yield made


@pytest.fixture
def three(bpy: ModuleType, start: Callable[..., RunningServer]) -> Iterator[list[Client]]:
    """Three clients of one server of their own."""
    running = start()
    with running.client() as one, running.client() as two, running.client() as other:
        yield [one, two, other]
