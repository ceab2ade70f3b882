"""Loads the scripts that run in Blender, with a stand-in for bpy."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

REMOTE = Path(__file__).parents[3] / "src" / "remote"


def forget_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test import the modules of these rooms anew: they may hold another test's bpy."""
    for room in (REMOTE / "packages", REMOTE / "python", REMOTE.parent / "packages"):
        for path in room.glob("*.py"):
            monkeypatch.delitem(sys.modules, path.stem, raising=False)


@pytest.fixture
def fake_bpy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """A background Blender whose own files and user files are in a temporary folder."""
    module = ModuleType("bpy")
    module.app = SimpleNamespace(
        version_string="5.0.1", binary_path=str(tmp_path / "blender-5.0" / "blender")
    )
    module.utils = SimpleNamespace(
        resource_path=lambda kind: str(tmp_path / "blender-5.0" / "5.0") if kind == "LOCAL" else "",
        user_resource=lambda kind: str(tmp_path / "user" / kind.lower()),
        script_paths=list,
    )
    monkeypatch.setitem(sys.modules, "bpy", module)
    # What is installed comes onto the path.
    monkeypatch.setattr(sys, "path", [*sys.path])
    forget_modules(monkeypatch)
    return module


@pytest.fixture
def load(fake_bpy: ModuleType) -> Callable[[str], ModuleType]:
    """Gives a script as a module of its own."""
    assert sys.modules["bpy"] is fake_bpy

    def load_script(name: str) -> ModuleType:
        (path,) = REMOTE.glob(f"*/{name}.py")
        spec = importlib.util.spec_from_file_location(f"{name}_script", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load_script
