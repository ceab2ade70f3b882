"""A stand-in for Blender's Python, and the scripts that look at it."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from systems import python_in

SCRIPTS = Path(__file__).parents[4] / "src" / "remote" / "python"


@pytest.fixture
def bpy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """A stand-in for a background Blender 3.4, whose user files are in a temporary folder."""
    module = ModuleType("bpy")
    module.app = SimpleNamespace(
        version=(3, 4, 1), version_string="3.4.1", binary_path="/opt/blender", background=True
    )
    module.utils = SimpleNamespace(
        user_resource=lambda kind, path: str(tmp_path / "user" / kind.lower() / path)
    )
    monkeypatch.setitem(sys.modules, "bpy", module)
    for folder in (SCRIPTS, SCRIPTS.parents[1] / "packages"):
        for path in folder.glob("*.py"):
            monkeypatch.delitem(sys.modules, path.stem, raising=False)
    # What a Blender keeps in its memory; each test is one.
    for name in ("_blender_remote_kept_findings", "_blender_remote_probing"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return module


@pytest.fixture
def interpreter_search(bpy: ModuleType) -> Any:
    assert bpy is sys.modules["bpy"]
    return importlib.import_module("interpreter_search")


@pytest.fixture
def wheel_tags(bpy: ModuleType) -> Any:
    assert bpy is sys.modules["bpy"]
    return importlib.import_module("wheel_tags")


@pytest.fixture
def pip_facts(bpy: ModuleType) -> Any:
    assert bpy is sys.modules["bpy"]
    return importlib.import_module("pip_facts")


@pytest.fixture
def site_facts(bpy: ModuleType) -> Any:
    assert bpy is sys.modules["bpy"]
    return importlib.import_module("site_facts")


@pytest.fixture
def probe(bpy: ModuleType) -> Any:
    assert bpy is sys.modules["bpy"]
    return importlib.import_module("probe")


@pytest.fixture
def bare_python(tmp_path: Path) -> str:
    """The executable of a virtual environment without pip."""
    folder = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(python_in(folder))
