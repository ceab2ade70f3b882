"""The move from pip's staging folder into Blender's user modules folder."""

import csv
import importlib.metadata
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Load = Callable[[str], ModuleType]


@pytest.fixture
def script(load: Load) -> ModuleType:
    return load("user_modules")


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    return tmp_path / "scripts" / "addons" / "modules"


def staged(script: ModuleType, modules: Path) -> Path:
    return Path(script.main({"action": "stage", "folder": str(modules)})["stage"])


def put(folder: Path, name: str, version: str, files: dict[str, str]) -> None:
    """Lay a distribution out as `pip install --target` does."""
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    }
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    record = folder / info / "RECORD"
    scripts = [f"../../bin/{name}"] if (folder / "bin").exists() else []
    listed = [path for path in files if not path.startswith("bin/")]
    with record.open("w", encoding="utf-8", newline="") as file:
        rows = [[path, "", ""] for path in [*listed, f"{info}/RECORD", *scripts]]
        csv.writer(file).writerows(rows)


def install(script: ModuleType, modules: Path, name: str, version: str, **files: str) -> list[str]:
    stage = staged(script, modules)
    put(stage, name, version, {path.replace("__", "/"): text for path, text in files.items()})
    swap = {"action": "swap", "folder": str(modules), "stage": str(stage)}
    return script.main(swap)["scripts"]


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".dist-info" not in path.as_posix()
    }


def versions(folder: Path) -> dict[str, str]:
    found = importlib.metadata.distributions(path=[str(folder)])
    return {distribution.metadata["Name"]: distribution.version for distribution in found}


def test_into_a_folder_that_is_not_there_yet(script: ModuleType, modules: Path) -> None:
    stage = staged(script, modules)
    put(stage, "one", "1.0", {"one/__init__.py": "a", "one/deep/x.py": "b"})
    script.main({"action": "swap", "folder": str(modules), "stage": str(stage)})
    assert content(modules) == {"one/__init__.py": "a", "one/deep/x.py": "b"}
    assert versions(modules) == {"one": "1.0"}
    assert not list(modules.glob(".*"))


def test_an_upgrade_removes_what_the_new_version_lacks(script: ModuleType, modules: Path) -> None:
    stage = staged(script, modules)
    put(
        stage, "One_Two", "1.0", {"one/__init__.py": "old", "one/gone/x.py": "old", "other.py": "x"}
    )
    script.main({"action": "swap", "folder": str(modules), "stage": str(stage)})
    put(modules, "kept", "3.0", {"kept.py": "kept"})
    (modules / "one" / "gone" / "__pycache__").mkdir()
    (modules / "one" / "gone" / "__pycache__" / "x.cpython-311.pyc").write_text("")
    stage = staged(script, modules)
    put(stage, "one-two", "2.0", {"one/__init__.py": "new", "one/more.py": "new"})
    script.main({"action": "swap", "folder": str(modules), "stage": str(stage)})
    assert content(modules) == {"kept.py": "kept", "one/__init__.py": "new", "one/more.py": "new"}
    assert versions(modules) == {"kept": "3.0", "one-two": "2.0"}
    assert not (modules / "one" / "gone").exists()


def test_console_scripts_are_left_out_and_named(script: ModuleType, modules: Path) -> None:
    stage = staged(script, modules)
    put(stage, "tool", "1.0", {"tool.py": "x", "bin/tool": "#!python"})
    answer = script.main({"action": "swap", "folder": str(modules), "stage": str(stage)})
    assert answer == {"scripts": ["tool"]}
    assert content(modules) == {"tool.py": "x"}
    (tool,) = importlib.metadata.distributions(path=[str(modules)])
    assert not [file for file in tool.files or [] if str(file).startswith("..")]


def test_a_failure_in_the_middle_leaves_everything_as_it_was(
    script: ModuleType, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged(script, modules)
    put(stage, "one", "1.0", {"one/__init__.py": "old", "one/gone.py": "old"})
    script.main({"action": "swap", "folder": str(modules), "stage": str(stage)})
    before, old_versions = content(modules), versions(modules)
    replace = os.replace
    for failing in range(1, 9):
        stage = staged(script, modules)
        put(stage, "one", "2.0", {"one/__init__.py": "new", "one/more.py": "new"})
        calls = [0]

        def limited(
            source: Path, target: Path, calls: list[int] = calls, at: int = failing
        ) -> None:
            calls[0] += 1
            if calls[0] == at:
                raise OSError(28, "No space left on device")
            replace(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", limited)
            with pytest.raises(OSError, match="No space left"):
                script.main({"action": "swap", "folder": str(modules), "stage": str(stage)})
        script.main({"action": "discard", "stage": str(stage)})
        assert content(modules) == before
        assert versions(modules) == old_versions


def test_a_record_that_points_out_of_the_folder_removes_nothing_there(
    script: ModuleType, modules: Path, tmp_path: Path
) -> None:
    stage = staged(script, modules)
    put(stage, "one", "1.0", {"one.py": "old"})
    script.main({"action": "swap", "folder": str(modules), "stage": str(stage)})
    precious = tmp_path / "precious"
    precious.write_text("kept")
    with (modules / "one-1.0.dist-info" / "RECORD").open("a") as record:
        record.write("../../../precious,,\n")
        record.write(f"{precious},,\n")
    stage = staged(script, modules)
    put(stage, "one", "2.0", {"one.py": "new"})
    script.main({"action": "swap", "folder": str(modules), "stage": str(stage)})
    assert precious.read_text() == "kept"
    assert content(modules) == {"one.py": "new"}


def test_leftovers_of_earlier_runs_go(script: ModuleType, modules: Path) -> None:
    first = staged(script, modules)
    put(first, "half", "1.0", {"half.py": "x"})
    second = staged(script, modules)
    assert [path.name for path in modules.iterdir()] == [second.parent.name]
