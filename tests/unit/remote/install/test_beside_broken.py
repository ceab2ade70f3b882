"""User modules beside broken metadata: installs and uninstalls go on, and touch nothing else."""

from pathlib import Path
from types import ModuleType

import pytest
from broken_metadata_kinds import KINDS, make
from laid_out import done, hidden, put, swap, tree


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "modules"
    folder.mkdir()
    return folder


def install(script: ModuleType, modules: Path, name: str, text: str = "new") -> list[str]:
    stage = Path(script.main({"action": "stage", "folder": str(modules)})["stage"])
    put(stage, name, "2.0", {f"{name}/__init__.py": text})
    strangers = swap(script, modules, stage)["strangers"]
    script.main({"action": "discard", "stage": str(stage)})
    return strangers


def uninstall(script: ModuleType, modules: Path, name: str) -> list[str]:
    return done(script, "uninstall", folder=str(modules), names=[name])["unrecorded"]


def entries(modules: Path) -> list[str]:
    return sorted(path.name for path in modules.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_another_package_comes_and_goes(script: ModuleType, modules: Path, kind: str) -> None:
    make(modules, kind)
    before = entries(modules)
    (modules / "mine.py").write_text("mine")
    assert install(script, modules, "brgood") == []
    assert (modules / "brgood/__init__.py").read_text() == "new"
    assert install(script, modules, "brgood", "newer") == []
    assert (modules / "brgood/__init__.py").read_text() == "newer"
    assert uninstall(script, modules, "brgood") == []
    assert entries(modules) == sorted([*before, "mine.py"])
    assert hidden(modules) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_package_is_mended(script: ModuleType, modules: Path, kind: str) -> None:
    make(modules, kind)
    assert install(script, modules, "brbad") == []
    left = ["~rbad-1.0.dist-info"] if kind == "left by pip" else []
    assert entries(modules) == ["brbad", "brbad-2.0.dist-info", *left]
    assert uninstall(script, modules, "brbad") == []
    assert entries(modules) == left


@pytest.mark.parametrize("kind", KINDS)
def test_removing_the_broken_one_itself(script: ModuleType, modules: Path, kind: str) -> None:
    make(modules, kind)
    before = tree(modules)
    named = [] if kind == "left by pip" else ["brbad"]
    assert uninstall(script, modules, "brbad") == named
    assert tree(modules) == before
    assert hidden(modules) == []


def test_files_by_which_a_broken_one_is_known(script: ModuleType, modules: Path) -> None:
    info = put(modules, "brbad", "1.0", {"brbad/__init__.py": "old", "brbad/gone.py": "old"})
    (info / "METADATA").write_text("")
    assert install(script, modules, "brbad") == []
    assert entries(modules) == ["brbad", "brbad-2.0.dist-info"]
    assert entries(modules / "brbad") == ["__init__.py"]


def test_two_versions_at_once_are_one_afterwards(script: ModuleType, modules: Path) -> None:
    put(modules, "brbad", "0.9", {"brbad/__init__.py": "old", "brbad/gone.py": "old"})
    put(modules, "brbad", "1.0", {"brbad/__init__.py": "old", "brbad/late.py": "old"})
    assert install(script, modules, "brbad") == []
    assert entries(modules) == ["brbad", "brbad-2.0.dist-info"]
    assert entries(modules / "brbad") == ["__init__.py"]


@pytest.mark.parametrize("damage", ["\udcff", "x" * 5000, "a\nb", "C:\\x", "//host/x", ".", "~"])
def test_a_record_of_nonsense(script: ModuleType, modules: Path, damage: str) -> None:
    info = put(modules, "brbad", "1.0", {"brbad/__init__.py": "old"})
    with (info / "RECORD").open("a", errors="surrogateescape") as file:
        file.write(f'"{damage}",,\n')
    (modules / "mine.py").write_text("mine")
    assert install(script, modules, "brbad") == []
    assert entries(modules) == ["brbad", "brbad-2.0.dist-info", "mine.py"]


def test_files_of_another_package_stay_however_record_names_them(
    script: ModuleType, modules: Path
) -> None:
    info = put(modules, "brbad", "1.0", {"brbad/__init__.py": "old"})
    put(modules, "other", "1.0", {"other/__init__.py": "kept"})
    with (info / "RECORD").open("a") as file:
        file.write("other/__init__.py,,\nother-1.0.dist-info/METADATA,,\n.blender-remote-x,,\n")
    assert uninstall(script, modules, "brbad") == []
    assert entries(modules) == ["other", "other-1.0.dist-info"]
    assert (modules / "other/__init__.py").read_text() == "kept"
    assert (modules / "other-1.0.dist-info/METADATA").exists()


@pytest.mark.parametrize("target", ["/no/where", "brbad", "../elsewhere"])
def test_nothing_is_put_through_a_link(
    script: ModuleType, modules: Path, tmp_path: Path, target: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (modules / "brbad").symlink_to(target)
    assert install(script, modules, "brbad") == ["brbad"]
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (modules / "brbad").is_symlink()
