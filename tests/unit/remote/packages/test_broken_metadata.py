"""Broken metadata of others: named wherever it is, and no package beside it is lost for it."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pip_leftovers
import pytest
import site_lock
from broken_metadata_kinds import KINDS, make
from file_lock import hold
from installed_files import age, put
from seen_packages import Blender
from systems import native


def broken_in(blender: Blender, folder: Path) -> list[dict[str, Any]]:
    page = blender.script.main({"rest": None, "seconds": 10})
    # It has to come through as JSON.
    return [one for one in json.loads(json.dumps(page))["broken"] if one["folder"] == str(folder)]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_named_and_the_others_are_listed(blender: Blender, site: Path, kind: str) -> None:
    put(site, "br-whole")
    says = make(site, kind)
    (one,) = broken_in(blender, site)
    assert says in one["problem"]
    assert "brbad" in one["path"] or "~rbad" in one["path"]
    assert one["name"] in ("brbad", "")
    assert one["is_folder"] == (Path(one["path"]).is_dir() and not Path(one["path"]).is_symlink())
    rows = {row["name"]: row["version"] for row in blender.all()}
    assert rows.pop("br-whole") == "1.0"
    assert rows in ({}, {"brbad": "1.0"})
    (look, other) = blender.look("br-whole", "brbad")
    assert look["found"]
    assert not other["found"]
    assert (other["package"] is None) == ("brbad" not in rows)


def test_what_is_whole_is_not_named(blender: Blender, site: Path) -> None:
    put(site, "br-whole")
    put(site, "br-debian", installer=None)
    (site / "br_debian-1.0.dist-info" / "RECORD").unlink()
    (site / "br_file-3.egg-info").write_text("Name: br-file\nVersion: 3\n")
    (site / "br_folder.egg-info").mkdir()
    (site / "br_folder.egg-info" / "PKG-INFO").write_text("Name: br-folder\nVersion: 3\n")
    assert broken_in(blender, site) == []


def test_where_it_is_installed_into(blender: Blender, site: Path) -> None:
    modules = blender.on_path("user", "scripts", "addons", "modules")
    other = blender.on_path("other")
    blender.set_site(site)
    targets = {site: "site", modules: "user-modules", other: ""}
    for folder, target in targets.items():
        make(folder, "empty")
        assert [one["target"] for one in broken_in(blender, folder)] == [target]


def test_a_folder_whose_name_is_no_text(blender: Blender, site: Path) -> None:
    try:
        (site / "br\udcff-1.0.dist-info").mkdir()
    except OSError:
        pytest.skip("this file system has only names that are text")
    (one,) = broken_in(blender, site)
    assert one["problem"] == "METADATA is missing"


def test_a_change_that_was_cut_off(blender: Blender, site: Path) -> None:
    place = site / ".blender-remote-x"
    place.mkdir()
    assert broken_in(blender, site) == []
    (place / "plan.json").write_text("{}")
    (one,) = broken_in(blender, site)
    assert (one["kind"], one["path"]) == ("unfinished", str(place))
    # Another Blender still makes it.
    with hold(place / "owner"):
        assert broken_in(blender, site) == []


def test_a_folder_that_is_none(blender: Blender, site: Path) -> None:
    sys.path.append(str(site / "no-folder"))
    (site / "loop").symlink_to("loop")
    sys.path.append(str(site / "loop"))
    assert broken_in(blender, site / "loop") == []


def test_a_package_that_is_half_installed(blender: Blender, site: Path) -> None:
    blender.set_site(site)
    put(site, "br-half", installer=None)
    put(site, "br-unpacked", installer=None)
    (site / "br_half" / "__init__.py").unlink()
    (one,) = broken_in(blender, site)
    assert (one["kind"], one["name"]) == ("half", "br-half")
    missing = native("br_half/__init__.py")
    assert one["problem"] == f"it is half installed: 1 of its files are missing, {missing} first"
    assert blender.sources() == {"br-half": "site", "br-unpacked": "system"}


def test_what_pips_have_left(blender: Blender, site: Path) -> None:
    blender.set_site(site)
    put(site, "scipy")
    (site / "~cipy" / "deep").mkdir(parents=True)
    (site / "~cipy" / "deep" / "x.so").write_bytes(b"x" * 1000)
    (site / "~ther.libs").mkdir()
    (site / "~ther.libs" / "openblas.dll").write_text("")
    (site / "~ackup.libs").mkdir()
    (site / "~ackup.libs" / "mine.txt").write_text("")
    for name in ("~-ipy", "~umpy", "~umpy.libs", "~umpy-1.0.dist-info"):
        (site / name).mkdir()
    gone = put(site, "br-old", files={"br_old/__init__.py": "", "br_extra/a.py": ""})
    gone.rename(site / "~r_old-1.0.dist-info")
    (site / "br_extra").rename(site / "~r_extra")
    shutil.rmtree(site / "br_old")
    other = blender.on_path("other")
    (other / "~mine").mkdir()
    left = {Path(one["path"]).name: one for one in broken_in(blender, site)}
    assert {one["kind"] for one in left.values()} == {"leftover"}
    names = ["~-ipy", "~cipy", "~r_extra", "~r_old-1.0.dist-info"]
    names += ["~ther.libs", "~umpy", "~umpy-1.0.dist-info", "~umpy.libs"]
    assert sorted(left) == sorted(names)
    assert left["~cipy"]["size"] == 1000
    assert broken_in(blender, other) == []
    paths = [one["path"] for one in left.values()]
    answer = blender.script.main({"remove": [*paths, str(other / "~mine"), str(site / "scipy")]})
    assert (answer["removed"], answer["failed"]) == (paths, [])
    stays = ["scipy", "scipy-1.0.dist-info", "~ackup.libs"]
    assert sorted(file.name for file in site.iterdir()) == stays
    assert (other / "~mine").exists()


def test_what_a_program_has_loaded(
    blender: Blender, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blender.set_site(site)
    for name in ("~umpy", "~umpy.libs"):
        (site / name).mkdir()

    def has_libraries(path: str) -> bool:
        return path.endswith(".libs")

    monkeypatch.setattr(blender.module("broken_metadata"), "is_loaded", has_libraries)
    found = {Path(one["path"]).name: one["kind"] for one in broken_in(blender, site)}
    assert found == {"~umpy": "leftover", "~umpy.libs": "held"}


@pytest.mark.skipif(os.name != "nt", reason="only Windows keeps a loaded library's file")
def test_a_library_is_held_for_as_long_as_it_is_loaded(tmp_path: Path) -> None:
    spec = importlib.util.find_spec("_queue")
    assert spec is not None
    assert spec.origin is not None
    library = tmp_path / "~umpy" / "core" / "queue.pyd"
    library.parent.mkdir(parents=True)
    shutil.copy(spec.origin, library)
    assert not pip_leftovers.is_loaded(str(tmp_path))
    # Not waiting for input, which Wine doesn't always give to it.
    wait = "print(flush=True); time.sleep(60)"
    load = f"import ctypes, time; ctypes.CDLL({str(library)!r}); {wait}"
    with subprocess.Popen([sys.executable, "-c", load], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline()
        assert pip_leftovers.is_loaded(str(tmp_path))
        program.kill()
    assert not pip_leftovers.is_loaded(str(tmp_path))


@pytest.mark.skipif(os.name != "nt", reason="only Windows keeps a loaded library's file")
def test_a_library_that_this_user_may_not_write_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a Program Files, of which Wine keeps nobody out."""

    def denied(path: str, *_: object) -> int:
        raise OSError(None, "Access is denied", path, 5)

    (tmp_path / "queue.pyd").write_text("")
    monkeypatch.setattr("_winapi.CreateFile", denied)
    assert not pip_leftovers.is_loaded(str(tmp_path))


def test_what_pips_have_left_below_a_namespace(blender: Blender, site: Path) -> None:
    blender.set_site(site)
    put(site, "br-beta", files={"br_ns/beta/__init__.py": ""})
    gone = put(site, "br-alpha", files={"br_ns/alpha/deep/a.py": ""})
    gone.rename(site / "~r_alpha-1.0.dist-info")
    (site / "br_ns" / "alpha").rename(site / "br_ns" / "~lpha")
    (site / "br_ns" / "~mine").mkdir()
    paths = [one["path"] for one in broken_in(blender, site)]
    assert paths == [str(site / "br_ns" / "~lpha"), str(site / "~r_alpha-1.0.dist-info")]
    assert blender.script.main({"remove": paths})["removed"] == paths
    assert sorted(file.name for file in (site / "br_ns").iterdir()) == ["beta", "~mine"]


def test_what_is_left_of_a_package_that_is_gone(blender: Blender, site: Path) -> None:
    blender.set_site(site)
    (site / "~cipy" / "deep").mkdir(parents=True)
    (site / "~cipy" / "deep" / "x.so").write_text("")
    (site / "~est").mkdir()
    (site / "~est" / "mine.txt").write_text("")
    (site / "test").mkdir()
    assert [Path(one["path"]).name for one in broken_in(blender, site)] == ["~cipy"]


def test_an_installer_that_was_ended_before_it_wrote_record(
    blender: Blender, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blender.set_site(site)
    monkeypatch.setattr(sys, "prefix", str(site.parent))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    for name, installer in (("br-early", None), ("br-late", "pip"), ("br-others", "conda")):
        info = put(site, name, installer=installer)
        (info / "RECORD").unlink()
    found = {one["name"]: one for one in broken_in(blender, site)}
    assert sorted(found) == ["br-early", "br-late"]
    assert {one["kind"] for one in found.values()} == {"unrecorded"}
    assert "has no RECORD" in found["br-early"]["problem"]


def test_what_somebody_keeps_under_such_a_name(blender: Blender, site: Path) -> None:
    blender.set_site(site)
    put(site, "scipy")
    elsewhere = blender.folder / "elsewhere"
    elsewhere.mkdir()
    (site / "~my-work").mkdir()
    (site / "~my-work" / "thesis.blend").write_text("")
    (site / "~notes.txt").write_text("")
    (site / "~$letter.docx").write_text("")
    (site / "~cipy").symlink_to(elsewhere)
    before = sorted(file.name for file in site.iterdir())
    assert broken_in(blender, site) == []
    paths = [str(site / name) for name in before]
    answer = blender.script.main({"remove": paths})
    assert (answer["removed"], answer["failed"]) == ([], [])
    assert sorted(file.name for file in site.iterdir()) == before
    assert elsewhere.exists()


# A pip that was killed while it compiled


def as_wheels(info: Path) -> None:
    """Make a RECORD the one that a wheel brings, which pip completes."""
    rows = (info / "RECORD").read_text().splitlines(keepends=True)
    (info / "RECORD").write_text("".join(row for row in rows if "/INSTALLER," not in row))


def in_environment(blender: Blender, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blender.set_site(site)
    monkeypatch.setattr(sys, "prefix", str(blender.folder))
    monkeypatch.setattr(sys, "base_prefix", "/usr")


@pytest.mark.parametrize("installer", [None, "pip"])
def test_all_files_are_there_but_pip_was_not_done(
    blender: Blender, site: Path, monkeypatch: pytest.MonkeyPatch, installer: str | None
) -> None:
    in_environment(blender, site, monkeypatch)
    as_wheels(put(site, "br-half", installer=installer))
    put(site, "br-whole")
    put(site, "br-uv", installer="uv")
    as_wheels(put(site, "br-conda", installer="conda"))
    (one,) = broken_in(blender, site)
    assert (one["kind"], one["name"]) == ("half", "br-half")
    assert one["problem"].startswith("it is half installed: its RECORD is")
    assert set(blender.sources().values()) == {"site"}


def test_where_others_install_it_is_whole(blender: Blender, site: Path) -> None:
    blender.set_site(site)
    as_wheels(put(site, "br-arch", installer=None))
    own = blender.on_path("blender-5.0", "5.0", "python", "lib", "site-packages")
    shipped = put(own, "br-shipped", installer=None)
    as_wheels(shipped)
    age(shipped)
    assert broken_in(blender, site) == broken_in(blender, own) == []
    assert blender.sources() == {"br-arch": "system", "br-shipped": "bundled"}


def test_in_blenders_own_python(blender: Blender) -> None:
    own = blender.on_path("blender-5.0", "5.0", "python", "lib", "site-packages")
    blender.set_site(own)
    as_wheels(put(own, "br-half", installer=None))
    (one,) = broken_in(blender, own)
    assert (one["kind"], blender.sources()) == ("half", {"br-half": "site"})


# While a pip is at work


def test_what_a_pip_is_at_work_on_is_not_broken(
    blender: Blender, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_environment(blender, site, monkeypatch)
    as_wheels(put(site, "br-half", installer=None))
    make(site, "empty")
    put(site, "br-big")
    (site / "~r_big").mkdir()
    (site / "br_big" / "__init__.py").unlink()
    assert len(broken_in(blender, site)) == 3
    release = site_lock.take(str(site))
    assert release is not None
    assert broken_in(blender, site) == []
    checked = blender.script.main({"check": True})
    assert [one for one in checked if one["name"] == "br-big"] == []
    release()
    assert len(broken_in(blender, site)) == 3


def goes_before(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, path: Path) -> None:
    """Let a package be gone when this is called."""
    real: Any = getattr(owner, name)

    def call(*arguments: object) -> object:
        shutil.rmtree(path, ignore_errors=True)
        return real(*arguments)

    monkeypatch.setattr(owner, name, call)


@pytest.mark.parametrize("moment", ["problem", "record", "modified"])
def test_what_goes_while_it_is_read_is_gone(
    blender: Blender, site: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    in_environment(blender, site, monkeypatch)
    put(site, "br-whole")
    info = put(site, "br-going")
    goes_before(monkeypatch, blender.module("package_metadata").Distribution, moment, info)
    assert broken_in(blender, site) == []
    assert blender.sources()["br-whole"] == "site"


def test_its_files_go_before_its_metadata(
    blender: Blender, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = put(site, "br-going")
    shutil.rmtree(site / "br_going")
    owner = blender.module("package_metadata").Distribution
    real = owner.missing_files

    def missing_files(one: object) -> object:
        found = real(one)
        shutil.rmtree(info, ignore_errors=True)
        return found

    monkeypatch.setattr(owner, "missing_files", missing_files)
    assert [one for one in blender.script.main({"check": True}) if one["name"] == "br-going"] == []


def test_pip_is_done_while_it_is_looked_at(
    blender: Blender, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_environment(blender, site, monkeypatch)
    as_wheels(put(site, "br-late", installer=None))
    (site / "~r_late").mkdir()
    script = blender.script

    def taken(_: str) -> bool:
        put(site, "br-late")
        shutil.rmtree(site / "~r_late", ignore_errors=True)
        return False

    monkeypatch.setattr(script, "is_taken", taken)
    monkeypatch.setattr(blender.module("broken_metadata"), "is_taken", taken)
    assert broken_in(blender, site) == []
