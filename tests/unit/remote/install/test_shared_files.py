"""Files that two packages bring: told of before, kept when one goes, and what is broken then."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from laid_out import done, hidden, put, swap, tree
from systems import native

SHARED = {"cv/__init__.py": "full", "cv/part.py": "full", "cv/same.py": "same"}
OTHER = {"cv/__init__.py": "headless", "cv/part.py": "headless", "cv/same.py": "same"}
SPACE = {"space/__init__.py": "pkgutil"}


@pytest.fixture
def site_records(load: Callable[[str], ModuleType]) -> ModuleType:
    return load("site_records")


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    return tmp_path / "modules"


def staged(script: ModuleType, modules: Path, **packages: dict[str, str]) -> Path:
    stage = Path(script.main({"action": "stage", "folder": str(modules)})["stage"])
    for name, files in packages.items():
        put(stage, name, "1.0", files)
    return stage


def install(script: ModuleType, modules: Path, **packages: dict[str, str]) -> Any:
    return swap(script, modules, staged(script, modules, **packages))


def test_nothing_moves_before_it_is_told(script: ModuleType, modules: Path) -> None:
    install(script, modules, full={**SHARED, "bin/cv": "#!python"})
    before = tree(modules)
    stage = staged(script, modules, headless={**OTHER, "cv/more.py": "x"})
    answer = swap(script, modules, stage, accepted=False)
    assert not answer["moved"]
    (overlap,) = answer["overlaps"]
    assert tuple(overlap["packages"]) == ("headless 1.0", "full 1.0")
    assert (overlap["files"], overlap["count"]) == (
        [native("cv/__init__.py"), native("cv/part.py")],
        2,
    )
    assert {path: text for path, text in tree(modules).items() if path[0] != "."} == before
    assert swap(script, modules, stage)["moved"]
    assert (modules / "cv/part.py").read_text() == "headless"
    assert hidden(modules) == []


def test_two_that_come_at_once(script: ModuleType, modules: Path) -> None:
    stage = staged(script, modules, full=SHARED, headless=OTHER)
    (overlap,) = swap(script, modules, stage, accepted=False)["overlaps"]
    assert sorted(overlap["packages"]) == ["full 1.0", "headless 1.0"]


def test_the_same_contents_are_no_harm(script: ModuleType, modules: Path) -> None:
    one, two = {**SPACE, "space/one.py": "1"}, {**SPACE, "space/two.py": "2"}
    for packages in ({"one": one}, {"two": two}):
        stage = staged(script, modules, **packages)
        answer = swap(script, modules, stage, accepted=False)
        assert (answer["overlaps"], answer["moved"]) == ([], True)


def test_without_hashes_the_files_tell(script: ModuleType, modules: Path) -> None:
    for name, text in (("one", "a"), ("two", "b")):
        stage = staged(script, modules, **{name: {"space/__init__.py": text, "space/x.py": "x"}})
        info = stage / f"{name}-1.0.dist-info"
        rows = (info / "RECORD").read_text().splitlines()
        (info / "RECORD").write_text("".join(f"{row.split(',')[0]},,\n" for row in rows))
        answer = swap(script, modules, stage)
    assert [one["files"] for one in answer["overlaps"]] == [[native("space/__init__.py")]]


def test_an_upgrade_of_itself_is_none(script: ModuleType, modules: Path) -> None:
    install(script, modules, full=SHARED)
    assert install(script, modules, full=OTHER)["overlaps"] == []


def test_what_the_other_lists_stays_and_what_is_broken(script: ModuleType, modules: Path) -> None:
    install(script, modules, full=SHARED)
    install(script, modules, headless={**OTHER, "cv/more.py": "x"})
    answer = done(script, "uninstall", folder=str(modules), names=["headless"])
    file = native("cv/__init__.py")
    assert answer["damaged"] == [{"name": "full", "version": "1.0", "file": file}]
    assert sorted(path.name for path in (modules / "cv").iterdir()) == [
        "__init__.py",
        "part.py",
        "same.py",
    ]


def test_the_later_one_is_whole(script: ModuleType, modules: Path) -> None:
    install(script, modules, full=SHARED)
    install(script, modules, headless=OTHER)
    answer = done(script, "uninstall", folder=str(modules), names=["full"])
    assert answer["damaged"] == []
    assert (modules / "cv/part.py").read_text() == "headless"


# In site-packages


def keep(script: ModuleType, folder: Path, *names: str) -> Any:
    packages = [{"name": name, "folder": str(folder)} for name in names]
    return script.main({"action": "keep", "packages": packages})


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    put(folder, "full", "1.0", SHARED)
    put(folder, "headless", "1.0", {**OTHER, "cv/more.py": "x"})
    return folder


def test_record_lists_only_its_own_then(site_records: ModuleType, site: Path) -> None:
    kept = keep(site_records, site, "headless")
    assert [one["name"] for one in kept["damaged"]] == ["full"]
    record = (site / "headless-1.0.dist-info" / "RECORD").read_text()
    assert sorted(row.split(",")[0] for row in record.splitlines()) == [
        "cv/more.py",
        "headless-1.0.dist-info/METADATA",
        "headless-1.0.dist-info/RECORD",
    ]


def test_where_pip_fails_all_is_as_it_was(site_records: ModuleType, site: Path) -> None:
    before = tree(site)
    record = site / "headless-1.0.dist-info" / "RECORD"
    time = record.stat().st_mtime_ns
    kept = keep(site_records, site, "headless")
    assert "cv/part.py" not in record.read_text()
    site_records.main({"action": "restore", "records": kept["records"]})
    assert tree(site) == before
    assert record.stat().st_mtime_ns == time


def test_what_goes_together_is_left_to_pip(site_records: ModuleType, site: Path) -> None:
    before = tree(site)
    assert keep(site_records, site, "headless", "full") == {"records": [], "damaged": []}
    assert tree(site) == before


def test_one_that_is_gone_gets_no_record(site_records: ModuleType, site: Path) -> None:
    kept = keep(site_records, site, "headless")
    record = site / "headless-1.0.dist-info" / "RECORD"
    record.unlink()
    site_records.main({"action": "restore", "records": kept["records"]})
    assert not record.exists()


# However RECORD names them


def rename_rows(folder: Path, how: str) -> None:
    """Let RECORD name the modules of `headless` in another way."""
    linked = folder.parent / "linked"
    if "{linked}" in how:
        linked.symlink_to(folder)
    record = folder / "headless-1.0.dist-info" / "RECORD"
    rows = record.read_text().splitlines(keepends=True)
    places = {"own": folder.name, "folder": folder, "linked": linked}
    named = [how.format(row, **places) if row.startswith("cv/") else row for row in rows]
    record.write_text("".join(named))


OTHER_NAMES = pytest.mark.parametrize("how", ["./{}", "../{own}/{}", "{folder}/{}", "{linked}/{}"])


@OTHER_NAMES
def test_what_another_names_in_other_ways_is_kept(
    site_records: ModuleType, site: Path, how: str
) -> None:
    rename_rows(site, how)
    kept = keep(site_records, site, "headless")
    assert [one["file"] for one in kept["damaged"]] == [native("cv/__init__.py")]
    record = (site / "headless-1.0.dist-info" / "RECORD").read_text()
    assert "part.py" not in record
    assert "more.py" in record


@OTHER_NAMES
def test_what_another_names_in_other_ways_is_kept_among_user_modules(
    script: ModuleType, modules: Path, how: str
) -> None:
    put(modules, "headless", "1.0", {**OTHER, "cv/more.py": "x"})
    rename_rows(modules, how)
    (overlap,) = install(script, modules, full=SHARED)["overlaps"]
    assert (overlap["files"], overlap["count"]) == (
        [native("cv/__init__.py"), native("cv/part.py")],
        2,
    )
    answer = done(script, "uninstall", folder=str(modules), names=["full"])
    assert [one["file"] for one in answer["damaged"]] == [native("cv/__init__.py")]
    assert sorted(path.name for path in (modules / "cv").iterdir()) == [
        "__init__.py",
        "more.py",
        "part.py",
        "same.py",
    ]
