"""The move from pip's staging folder into Blender's user modules folder."""

import importlib.metadata
import os
from pathlib import Path
from types import ModuleType

import pytest
from laid_out import done, hidden, put, swap
from systems import native


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    return tmp_path / "scripts" / "addons" / "modules"


def staged(script: ModuleType, modules: Path) -> Path:
    return Path(script.main({"action": "stage", "folder": str(modules)})["stage"])


def install(script: ModuleType, modules: Path, name: str, version: str, **files: str) -> list[str]:
    stage = staged(script, modules)
    put(stage, name, version, {path.replace("__", "/"): text for path, text in files.items()})
    return swap(script, modules, stage)["scripts"]


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
    swap(script, modules, stage)
    assert content(modules) == {"one/__init__.py": "a", "one/deep/x.py": "b"}
    assert versions(modules) == {"one": "1.0"}
    assert not list(modules.glob(".*"))


def test_an_upgrade_removes_what_the_new_version_lacks(script: ModuleType, modules: Path) -> None:
    stage = staged(script, modules)
    put(
        stage, "One_Two", "1.0", {"one/__init__.py": "old", "one/gone/x.py": "old", "other.py": "x"}
    )
    swap(script, modules, stage)
    put(modules, "kept", "3.0", {"kept.py": "kept"})
    (modules / "one" / "gone" / "__pycache__").mkdir()
    (modules / "one" / "gone" / "__pycache__" / "x.cpython-311.pyc").write_text("")
    stage = staged(script, modules)
    put(stage, "one-two", "2.0", {"one/__init__.py": "new", "one/more.py": "new"})
    swap(script, modules, stage)
    assert content(modules) == {"kept.py": "kept", "one/__init__.py": "new", "one/more.py": "new"}
    assert versions(modules) == {"kept": "3.0", "one-two": "2.0"}
    assert not (modules / "one" / "gone").exists()


def test_console_scripts_are_left_out_and_named(script: ModuleType, modules: Path) -> None:
    stage = staged(script, modules)
    put(stage, "tool", "1.0", {"tool.py": "x", "bin/tool": "#!python"})
    answer = swap(script, modules, stage)
    assert (answer["scripts"], answer["moved"]) == (["tool"], True)
    assert content(modules) == {"tool.py": "x"}
    (tool,) = importlib.metadata.distributions(path=[str(modules)])
    assert not [file for file in tool.files or [] if str(file).startswith("..")]


@pytest.mark.parametrize(
    ("theirs", "comes", "in_the_way"),
    [
        ({"one/__init__.py": "theirs"}, {"one/__init__.py": "new"}, ["one/__init__.py"]),
        ({"one.py": "theirs"}, {"one/__init__.py": "new"}, ["one.py"]),
        ({"one/__init__.py": "theirs"}, {"one.py": "new"}, ["one/__init__.py"]),
        ({"one.py/x": "a folder"}, {"one.py": "new"}, ["one.py"]),
        ({"space/one.py": "theirs"}, {"space/one/__init__.py": "new"}, ["space/one.py"]),
        ({"a.py": "1", "b.py": "2"}, {"a.py": "new", "b.py": "new"}, ["a.py", "b.py"]),
        # What isn't in the way.
        ({"one.py": "new"}, {"one.py": "new"}, []),
        ({"space/two.py": "theirs"}, {"space/one.py": "new"}, []),
        ({"space.py": "theirs"}, {"space/one.py": "new"}, []),
        ({"__pycache__/one.cpython-311.pyc": "old"}, {"one.py": "new"}, []),
    ],
)
def test_somebodys_own_modules_are_left_alone(
    script: ModuleType,
    modules: Path,
    theirs: dict[str, str],
    comes: dict[str, str],
    in_the_way: list[str],
) -> None:
    for path, text in theirs.items():
        (modules / path).parent.mkdir(parents=True, exist_ok=True)
        (modules / path).write_text(text)
    stage = staged(script, modules)
    put(stage, "one", "1.0", comes)
    answer = swap(script, modules, stage)
    assert answer["strangers"] == [*map(native, in_the_way)]
    assert answer["moved"] == (in_the_way == [])
    script.main({"action": "discard", "stage": str(stage)})
    for path, text in theirs.items():
        assert (modules / path).read_text() == text
    if in_the_way:
        assert versions(modules) == {}


def test_packages_that_share_a_file(script: ModuleType, modules: Path) -> None:
    """As with pip, the last one has it."""
    for name in ("one", "two"):
        stage = staged(script, modules)
        put(stage, name, "1.0", {"space/__init__.py": name, f"space/{name}.py": name})
        answer = swap(script, modules, stage)
        assert answer["moved"]
    assert content(modules)["space/__init__.py"] == "two"


def test_a_failure_in_the_middle_leaves_everything_as_it_was(
    script: ModuleType, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged(script, modules)
    put(stage, "one", "1.0", {"one/__init__.py": "old", "one/gone.py": "old"})
    swap(script, modules, stage)
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
                swap(script, modules, stage)
        script.main({"action": "discard", "stage": str(stage)})
        assert content(modules) == before
        assert versions(modules) == old_versions


def test_a_record_that_points_out_of_the_folder_removes_nothing_there(
    script: ModuleType, modules: Path, tmp_path: Path
) -> None:
    stage = staged(script, modules)
    put(stage, "one", "1.0", {"one.py": "old"})
    swap(script, modules, stage)
    precious = tmp_path / "precious"
    precious.write_text("kept")
    with (modules / "one-1.0.dist-info" / "RECORD").open("a") as record:
        record.write("../../../precious,,\n")
        record.write(f"{precious},,\n")
    stage = staged(script, modules)
    put(stage, "one", "2.0", {"one.py": "new"})
    swap(script, modules, stage)
    assert precious.read_text() == "kept"
    assert content(modules) == {"one.py": "new"}


def test_what_was_moved_already_is_not_moved_again(script: ModuleType, modules: Path) -> None:
    stage = staged(script, modules)
    put(stage, "one", "1.0", {"one.py": "x"})
    assert swap(script, modules, stage)["moved"]
    assert not swap(script, modules, stage)["moved"]
    assert content(modules) == {"one.py": "x"}


# Removing packages


def uninstall(script: ModuleType, modules: Path, *names: str) -> list[str]:
    return done(script, "uninstall", folder=str(modules), names=list(names))["unrecorded"]


def test_a_package_goes_with_its_empty_folders_and_nothing_else(
    script: ModuleType, modules: Path
) -> None:
    put(modules, "Br_One", "1.0", {"one/__init__.py": "x", "one/deep/a.py": "x", "other.py": "x"})
    put(modules, "kept", "1.0", {"kept/__init__.py": "k", "one/of_kept.py": "k"})
    (modules / "one" / "deep" / "__pycache__").mkdir()
    (modules / "one" / "deep" / "__pycache__" / "a.cpython-311.pyc").write_text("")
    assert uninstall(script, modules, "br-one") == []
    assert content(modules) == {"kept/__init__.py": "k", "one/of_kept.py": "k"}
    assert sorted(path.name for path in modules.iterdir()) == ["kept", "kept-1.0.dist-info", "one"]
    assert not (modules / "one" / "deep").exists()


@pytest.mark.skipif(os.name == "nt", reason="no file there has such a name")
def test_a_name_with_a_backslash_is_upgraded_and_goes(script: ModuleType, modules: Path) -> None:
    put(modules, "one", "1.0", {"one/a\\x2db.service": "1"})
    stage = staged(script, modules)
    put(stage, "one", "2.0", {"one/a\\x2db.service": "2"})
    swap(script, modules, stage)
    assert content(modules) == {"one/a\\x2db.service": "2"}
    uninstall(script, modules, "one")
    assert content(modules) == {}


def test_nothing_outside_goes_however_record_names_it(
    script: ModuleType, modules: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept")
    put(modules, "one", "1.0", {"one/__init__.py": "x"})
    put(modules, "two", "1.0", {"two/__init__.py": "x"})
    (modules / "link").symlink_to(outside)
    with (modules / "one-1.0.dist-info" / "RECORD").open("a") as record:
        for path in ("link/precious", "../../../outside/precious", str(outside / "precious")):
            record.write(f"{path},,\n")
        # A folder is no file: not even one of this package's own.
        record.write("two,,\n.,,\n..,,\n")
    uninstall(script, modules, "one")
    assert (outside / "precious").read_text() == "kept"
    assert content(modules) == {"two/__init__.py": "x"}


def test_when_removing_fails_all_is_as_it_was(
    script: ModuleType, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(modules, "one", "1.0", {"one/__init__.py": "x", "one/deep/a.py": "x", "other.py": "x"})
    before, old_versions = content(modules), versions(modules)
    replace = os.replace
    for failing in range(1, 6):
        calls = [0]

        def limited(
            source: Path, target: Path, calls: list[int] = calls, at: int = failing
        ) -> None:
            calls[0] += 1
            if calls[0] == at:
                raise OSError(13, "Permission denied")
            replace(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", limited)
            with pytest.raises(OSError, match="Permission denied"):
                uninstall(script, modules, "one")
        assert content(modules) == before
        assert versions(modules) == old_versions
        assert hidden(modules) == []


def test_without_a_record_nobody_knows_what_to_remove(script: ModuleType, modules: Path) -> None:
    put(modules, "one", "1.0", {"one.py": "x"})
    put(modules, "two", "1.0", {"two.py": "x"})
    (modules / "two-1.0.dist-info" / "RECORD").unlink()
    assert uninstall(script, modules, "one", "two") == ["two"]
    assert content(modules) == {"one.py": "x", "two.py": "x"}
