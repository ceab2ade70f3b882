"""What Blender's Python sees of installed packages: real folders on the real import path."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from seen_packages import Blender


@pytest.fixture
def blender(
    fake_bpy: ModuleType,
    load: Callable[[str], ModuleType],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Blender]:
    monkeypatch.setattr(sys, "path", [*sys.path])
    script = load("packages")
    notes = sys.modules["loaded_packages"].NOTES_MODULE
    yield Blender(fake_bpy, script, tmp_path)
    for name in list(sys.modules):
        if name.startswith(("br_", "_br_", notes)):
            del sys.modules[name]


@pytest.fixture
def site(blender: Blender) -> Path:
    return blender.on_path("site-packages")
