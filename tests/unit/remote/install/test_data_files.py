"""Files that pip puts beside the modules: RECORD names them as if they were outside."""

import importlib.metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from laid_out import done, hidden, put, row_of, swap, tree
from systems import native

FIRST = {"one/__init__.py": "x", "share/one/a.txt": "a", "share/one/b.txt": "b", "etc/one.cfg": "c"}


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    return tmp_path / "scripts" / "addons" / "modules"


def install(script: ModuleType, modules: Path, version: str, files: dict[str, str]) -> Any:
    stage = Path(script.main({"action": "stage", "folder": str(modules)})["stage"])
    put(stage, "one", version, files)
    swapped = swap(script, modules, stage)
    script.main({"action": "discard", "stage": str(stage)})
    return swapped


def beside(modules: Path) -> list[str]:
    return [
        path for path, text in tree(modules).items() if text is not None and "-info" not in path
    ]


def test_they_come_and_record_names_them_where_they_are(script: ModuleType, modules: Path) -> None:
    assert install(script, modules, "1.0", FIRST)["lost"] == []
    assert beside(modules) == sorted(FIRST)
    (one,) = importlib.metadata.distributions(path=[str(modules)])
    files = one.files or []
    assert {str(file) for file in files} >= set(FIRST)
    assert all(Path(str(file.locate())).exists() for file in files)


def test_an_upgrade_takes_the_old_ones_away(script: ModuleType, modules: Path) -> None:
    install(script, modules, "1.0", FIRST)
    second = {"one/__init__.py": "x", "share/one/a.txt": "other"}
    assert install(script, modules, "2.0", second)["strangers"] == []
    assert beside(modules) == sorted(second)
    assert (modules / "share/one/a.txt").read_text() == "other"
    assert not (modules / "etc").exists()


def test_they_go_with_the_package(script: ModuleType, modules: Path) -> None:
    install(script, modules, "1.0", FIRST)
    (modules / "share" / "mine.txt").write_text("mine")
    done(script, "uninstall", folder=str(modules), names=["one"])
    assert beside(modules) == ["share/mine.txt"]
    assert not (modules / "etc").exists()
    assert hidden(modules) == []


def test_somebodys_own_are_in_the_way(script: ModuleType, modules: Path) -> None:
    (modules / "share" / "one").mkdir(parents=True)
    (modules / "share/one/a.txt").write_text("mine")
    assert install(script, modules, "1.0", FIRST)["strangers"] == [native("share/one/a.txt")]
    assert beside(modules) == ["share/one/a.txt"]


def test_of_a_package_that_pip_itself_put_there(script: ModuleType, modules: Path) -> None:
    """Only what it certainly brought: RECORD may as well mean files outside."""
    put(modules, "one", "1.0", {**FIRST, "bin/one": "#!python"})
    (modules / "share/one/b.txt").write_text("somebody's own by now")
    outside = modules.parents[1] / "share" / "one"
    outside.mkdir(parents=True)
    (outside / "a.txt").write_text("a")
    done(script, "uninstall", folder=str(modules), names=["one"])
    assert beside(modules) == ["share/one/b.txt"]
    assert (outside / "a.txt").read_text() == "a"


@pytest.mark.parametrize(
    ("name", "lost"),
    [("../odd/c.txt", "lib/odd/c.txt"), ("../../../../precious", "../../precious")],
)
def test_what_pip_has_left_out_is_named(
    script: ModuleType, modules: Path, name: str, lost: str
) -> None:
    precious = modules.parents[1] / "precious"
    precious.parent.mkdir(parents=True)
    precious.write_text("kept")
    stage = Path(script.main({"action": "stage", "folder": str(modules)})["stage"])
    info = put(stage, "one", "1.0", {"one/__init__.py": "x"})
    with (info / "RECORD").open("a") as record:
        record.write(",".join(row_of(name, "kept")) + "\n")
    assert swap(script, modules, stage)["lost"] == [lost]
    assert name not in (modules / "one-1.0.dist-info/RECORD").read_text()
    done(script, "uninstall", folder=str(modules), names=["one"])
    assert precious.read_text() == "kept"


def test_a_module_in_bin_is_no_script(script: ModuleType, modules: Path) -> None:
    stage = Path(script.main({"action": "stage", "folder": str(modules)})["stage"])
    info = put(stage, "one", "1.0", {"one/__init__.py": "x", "bin/tool": "#!python"})
    (stage / "bin" / "space.py").write_text("x")
    with (info / "RECORD").open("a") as record:
        record.write(",".join(row_of("bin/space.py", "x")) + "\n")
    assert swap(script, modules, stage)["scripts"] == ["tool"]
    assert beside(modules) == ["bin/space.py", "one/__init__.py"]
