"""Gives tests a Blender's stand-in, and the scripts for it freshly imported."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE))

from fake_blender import FakeBlender  # noqa: E402

SCRIPTS = {path.stem for path in (HERE.parents[3] / "src" / "local" / "addon").glob("*.py")}


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FakeBlender]]:
    """Start a Blender of some version; what it and the scripts import is gone after the test."""
    before = dict(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "registered", [], raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def start(version: tuple[int, int, int] = (4, 3, 2)) -> FakeBlender:
        blender = FakeBlender(tmp_path, version)
        for name in SCRIPTS:
            sys.modules.pop(name, None)
        sys.modules["bpy"] = blender.bpy()
        sys.modules["addon_utils"] = blender.addon_utils()
        sys.modules.update(blender.packages())
        # Blender has these on its path from its start.
        sys.path += [str(blender.bundled), str(blender.addons)]
        return blender

    yield start
    for name in set(sys.modules) - set(before):
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture
def blender(start: Callable[..., FakeBlender]) -> FakeBlender:
    """Blender 4.3.2."""
    return start()


@pytest.fixture
def old_blender(start: Callable[..., FakeBlender]) -> FakeBlender:
    """Blender 3.4.1, without extensions."""
    return start((3, 4, 1))
