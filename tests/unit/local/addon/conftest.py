"""Gives tests a Blender's stand-in, and the scripts for it freshly imported."""

import sys
from collections.abc import Callable, Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE))

from fake_blender import FakeBlender  # noqa: E402

ROOM = HERE.parents[3] / "src" / "local" / "addon"
SCRIPTS = {path.stem for path in ROOM.glob("*.py")}


class ScriptFinder(MetaPathFinder, Loader):
    """Finds the scripts without files, which is how run_script.py runs them."""

    def find_spec(self, name: str, _path: object, _target: object = None) -> ModuleSpec | None:
        return spec_from_loader(name, self) if name in SCRIPTS else None

    def create_module(self, _spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = f"{module.__name__}.py"
        exec(compile((ROOM / name).read_text(), f"<{name}>", "exec"), module.__dict__)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FakeBlender]]:
    """Start a Blender of some version; what it and the scripts import is gone after the test."""
    before = dict(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "meta_path", [ScriptFinder(), *sys.meta_path])
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
