"""What is replaced by the service is kept whole, or not at all."""

import importlib
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest


def test_half_a_copy_of_what_was_replaced_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(sys.modules)
    for name in ("bpy", "addon_utils"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    try:
        install_service = importlib.import_module("install_service")
        addons = tmp_path / "addons"
        old = addons / "bld_remote_mcp"
        old.mkdir(parents=True)
        for name in ("a.py", "b.py"):
            (old / name).write_text("x")
        copy = shutil.copy2

        def on_a_full_disk(source: str, target: str, **options: bool) -> object:
            if source.endswith("b.py"):
                raise OSError(28, "No space left on device")
            return copy(source, target, **options)

        monkeypatch.setattr(shutil, "copytree", _with(on_a_full_disk))
        with pytest.raises(OSError, match="No space left"):
            install_service.copy_aside(str(old), str(addons), "bld_remote_mcp-1.3.3")
        assert list((tmp_path / "addons_replaced").iterdir()) == []
        assert len(list(old.iterdir())) == 2
    finally:
        for name in set(sys.modules) - before:
            del sys.modules[name]


def _with(copy: object) -> object:
    copytree = shutil.copytree
    return lambda source, target, symlinks: copytree(
        source, target, symlinks=symlinks, copy_function=copy
    )
