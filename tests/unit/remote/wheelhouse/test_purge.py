"""Emptying a wheelhouse, and refusing everything that isn't one."""

import os
import site
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import kept_hashes
import pytest
from file_lock import hold
from systems import WINDOWS, posix_only, set_home

Act = Callable[..., dict[str, Any]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "homes" / "me"
    folder.mkdir(parents=True)
    set_home(monkeypatch, folder)
    return folder


@pytest.fixture
def purge(load: Callable[[str], ModuleType], home: Path) -> Act:
    """Purges with force, unless told otherwise; never anything but what is in `tmp_path`."""
    script = load("purge")
    real_remove = script.remove

    def guarded(path: Path) -> None:
        assert home.parents[1] in path.parents, f"{path} would have been removed"
        real_remove(path)

    script.remove = guarded

    def act(
        folder: "Path | str",
        action: str = "purge",
        force: bool = True,
        names: "list[str] | None" = None,
    ) -> dict[str, Any]:
        order = {"folder": str(folder), "action": action, "force": force, "names": names}
        return script.main(order)

    return act


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


def refused(answer: dict[str, Any], why: str) -> None:
    assert answer["state"] == "refused"
    assert why in answer["reason"]


class TestRefusedEvenWithForce:
    @pytest.mark.parametrize("folder", ["/", "/tmp/..", "/usr/../..", "C:\\" if WINDOWS else "//"])
    def test_the_root(self, purge: Act, folder: str) -> None:
        refused(purge(folder), "root of a file system")

    def test_home_and_what_holds_it(
        self, purge: Act, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(home)
        for folder in (
            home,
            f"{home}/",
            home.parent,
            home.parents[1],
            "~",
            "~/",
            "~/x/..",
            ".",
            "..",
        ):
            refused(purge(folder), "the home folder")

    @posix_only("folders of POSIX systems")
    @pytest.mark.parametrize("folder", ["/usr", "/etc", "/home", "/var", "/tmp", "/opt", "/dev"])
    def test_folders_of_the_system(self, purge: Act, folder: str) -> None:
        answer = purge(folder)
        assert answer["state"] == ("refused" if os.path.isdir(folder) else "missing")

    @posix_only("folders of POSIX systems")
    def test_in_folders_of_the_system(
        self, purge: Act, tmp_path: Path, load: Callable[[str], ModuleType]
    ) -> None:
        refused(purge("/usr/share"), "operating system")
        is_of_the_system = load("purge").is_of_the_system
        assert is_of_the_system(Path("/home/somebody"), Path("/home/me"))
        assert is_of_the_system(Path("/Users/somebody"), Path("/Users/me"))
        assert not is_of_the_system(Path("/home/me/wheels"), Path("/home/me"))
        assert not is_of_the_system(Path("/root/wheels"), Path("/root"))
        assert not is_of_the_system(Path("/opt/wheels"), Path("/root"))

    def test_folders_of_windows(
        self, load: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script = load("purge")
        monkeypatch.setattr(sys, "platform", "win32")
        system, data, users = (tmp_path / name for name in ("Windows", "ProgramData", "Users"))
        monkeypatch.setenv("SystemRoot", str(system))
        monkeypatch.setenv("ProgramFiles", "")
        monkeypatch.setenv("ProgramData", str(data))
        monkeypatch.setenv("PUBLIC", str(users / "Public"))
        home = users / "me"
        for folder in (system, system / "System32", data, users, users / "Public", users / "she"):
            assert script.is_of_the_system(folder, home), folder
        for folder in (data / "wheels", users / "Public" / "wheels", home / "wheels"):
            assert not script.is_of_the_system(folder, home), folder

    def test_pythons_own(self, purge: Act) -> None:
        paths = sysconfig.get_paths()
        places = {paths["purelib"], paths["stdlib"], paths["scripts"], *site.getsitepackages()}
        for place in places:
            if os.path.isdir(place):
                assert purge(place)["state"] == "refused"
                assert purge(Path(place).parent)["state"] == "refused"
        inside = Path(paths["purelib"]) / "pip"
        assert inside.is_dir()
        refused(purge(inside), "Python's own folder")

    def test_the_prefix(self, purge: Act) -> None:
        for prefix in {sys.prefix, sys.base_prefix}:
            assert purge(prefix)["state"] == "refused"

    def test_the_user_site(
        self, purge: Act, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "user-site"
        (folder / "package").mkdir(parents=True)
        monkeypatch.setattr(site, "getusersitepackages", lambda: str(folder))
        refused(purge(folder), "Python's own folder")
        refused(purge(folder / "package"), "Python's own folder")

    def test_blenders_own(self, purge: Act, tmp_path: Path) -> None:
        for folder in ("blender-5.0/5.0/scripts/addons", "user/scripts/addons", "user/extensions"):
            (tmp_path / folder).mkdir(parents=True)
            refused(purge(tmp_path / folder), "Blender")
        for folder in ("blender-5.0", "blender-5.0/5.0", "user", "user/scripts"):
            refused(purge(tmp_path / folder), "Blender")

    def test_a_mount_point(self, purge: Act, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = os.path.ismount
        monkeypatch.setattr(os.path, "ismount", lambda path: str(path) == str(house) or real(path))
        (house / "a.whl").touch()
        assert purge(house, action="look")["state"] == "ready"
        (house / "notes.txt").touch()
        refused(purge(house), "mount point")
        assert purge(house, force=False)["state"] == "purged"
        assert os.listdir(house) == ["notes.txt"]
        if not WINDOWS and os.path.isdir("/proc"):
            assert purge("/proc")["state"] == "refused"

    def test_a_link_to_a_wheelhouse(self, purge: Act, house: Path, tmp_path: Path) -> None:
        (house / "a.whl").touch()
        link = tmp_path / "link"
        link.symlink_to(house)
        refused(purge(link), "a link")
        refused(purge(f"{link}/"), "a link")
        dangling = tmp_path / "dangling"
        dangling.symlink_to(tmp_path / "nowhere")
        refused(purge(dangling), "a link")
        assert os.listdir(house) == ["a.whl"]

    def test_a_place_reached_through_a_link(self, purge: Act, home: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(home.parent)
        refused(purge(tmp_path / "link" / "me"), "the home folder")

    def test_a_file(self, purge: Act, house: Path) -> None:
        (house / "a.whl").touch()
        refused(purge(house / "a.whl"), "isn't a folder")


class TestForeign:
    @pytest.mark.parametrize(
        "name",
        [
            *("notes.txt", "scene.blend", "whl", "a.whl.bak", ".hidden", ".part", "a.tar"),
            *("a-1.0.tar.gz", "a-1.0.zip", "scenes.zip", ".scene.blend.part", ".whl"),
            *("download.whl.part", ".b.whl.part", ".blender-remote-more"),
        ],
    )
    def test_files_stay(self, purge: Act, house: Path, name: str) -> None:
        (house / "a-1.0-py3-none-any.whl").touch()
        (house / name).touch()
        answer = purge(house, "look", force=False)
        assert (answer["state"], answer["foreign"]) == ("ready", [name])
        assert len(os.listdir(house)) == 2
        answer = purge(house, force=False)
        assert (answer["state"], answer["foreign"]) == ("purged", [name])
        assert os.listdir(house) == [name]

    def test_folders_and_links_stay(self, purge: Act, house: Path, tmp_path: Path) -> None:
        (house / "folder.whl").mkdir()
        (house / "folder.whl" / "a.whl").touch()
        link = [] if WINDOWS else ["latest"]
        for name in link:
            (house / name).symlink_to(tmp_path)
        answer = purge(house, force=False)
        assert (answer["state"], answer["foreign"]) == ("purged", ["folder.whl/", *link])
        assert sorted(os.listdir(house)) == ["folder.whl", *link]
        assert os.listdir(house / "folder.whl") == ["a.whl"]


class TestNames:
    def test_only_these_go(self, purge: Act, house: Path) -> None:
        names = [".b.whl.0123.part", "a.whl", "b.whl", "c.whl", "notes.txt"]
        for name in names:
            (house / name).write_bytes(b"12345")
        chosen = [".b.whl.0123.part", "b.whl"]
        for force in (False, True):
            looked = purge(house, "look", force, chosen)
            assert looked["files"] == [{"name": name, "size": 5} for name in chosen]
        # Other things stay, forced or not.
        assert purge(house, "purge", True, chosen)["state"] == "purged"
        assert sorted(os.listdir(house)) == ["a.whl", "c.whl", "notes.txt"]

    def test_nothing_but_wheels_of_this_folder(
        self, purge: Act, house: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "outside.whl").touch()
        (house / "notes.txt").touch()
        names = ["../outside.whl", str(tmp_path / "outside.whl"), "notes.txt", ".", "gone.whl"]
        answer = purge(house, names=names)
        assert (answer["state"], answer["files"]) == ("purged", [])
        assert (tmp_path / "outside.whl").exists()
        assert os.listdir(house) == ["notes.txt"]

    def test_a_part_that_is_written_stops_only_its_own_wheel(self, purge: Act, house: Path) -> None:
        (house / "a.whl").touch()
        part = house / ".b.whl.0123.part"
        with hold(part):
            assert purge(house, force=False, names=[part.name])["state"] == "busy"
            assert purge(house, force=False, names=["a.whl"])["state"] == "purged"
        assert os.listdir(house) == [part.name]


class TestPurge:
    def test_what_a_wheelhouse_holds(self, purge: Act, house: Path) -> None:
        names = [
            ".blender-remote-abc0_xyz",
            ".blender-remote-hashes.json",
            ".numpy-1.0-py3-none-any.whl.0123.part",
            ".numpy-1.0-py3-none-any.whl.0123456789abcdef.01234567.part",
            "numpy-1.0-py3-none-any.whl",
            "odd.whl",
        ]
        for name in names:
            (house / name).write_bytes(b"12345")
        looked = purge(house, "look", force=False)
        assert looked["state"] == "ready"
        assert looked["folder"] == str(house)
        assert looked["files"] == [{"name": name, "size": 5} for name in names]
        assert looked["foreign"] == []
        assert len(os.listdir(house)) == 6
        purged = purge(house, force=False)
        assert {**purged, "state": "ready"} == looked
        assert purged["state"] == "purged"
        assert os.listdir(house) == []

    def test_force_removes_foreign_things_as_well(self, purge: Act, house: Path) -> None:
        (house / "deep" / "deeper").mkdir(parents=True)
        (house / "deep" / "deeper" / "file").touch()
        (house / "notes.txt").touch()
        answer = purge(house)
        assert (answer["state"], answer["foreign"]) == ("purged", ["deep/", "notes.txt"])
        assert os.listdir(house) == []

    def test_links_go_and_what_they_point_to_stays(
        self, purge: Act, house: Path, tmp_path: Path
    ) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "precious").write_bytes(b"1")
        (house / "folder.whl").symlink_to(outside)
        (house / "file.whl").symlink_to(outside / "precious")
        (house / "dangling.whl").symlink_to(tmp_path / "nowhere")
        (house / "deep").mkdir()
        (house / "deep" / "link").symlink_to(outside)
        assert purge(house)["state"] == "purged"
        assert os.listdir(house) == []
        assert (outside / "precious").read_bytes() == b"1"

    def test_a_folder_that_is_not_there(self, purge: Act, house: Path) -> None:
        answer = purge(house / "nowhere")
        assert (answer["state"], answer["files"]) == ("missing", [])

    def test_an_empty_one(self, purge: Act, house: Path) -> None:
        assert purge(house)["state"] == "purged"
        assert house.is_dir()

    def test_relative_and_in_home(
        self, purge: Act, house: Path, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (home / "wheels").mkdir()
        (home / "wheels" / "a.whl").touch()
        assert purge("~/wheels")["folder"] == str(home / "wheels")
        assert os.listdir(home / "wheels") == []
        (house / "a.whl").touch()
        monkeypatch.chdir(house.parent)
        assert purge("wheels")["folder"] == str(house)
        assert os.listdir(house) == []


def test_a_part_that_a_push_is_writing(purge: Act, house: Path) -> None:
    (house / "a.whl").write_bytes(b"x")
    part = house / ".b.whl.0123.part"
    with hold(part):
        for action in ("look", "purge"):
            answer = purge(house, action, force=False)
            assert (answer["state"], answer["reason"]) == ("busy", f"a push is writing {part.name}")
        assert len(os.listdir(house)) == 2
        assert purge(house)["state"] == ("busy" if WINDOWS else "purged")
    part.write_bytes(b"of a push that was cut")
    assert purge(house, force=False)["state"] == "purged"
    assert os.listdir(house) == []


@posix_only("it has no pipes in folders")
def test_what_only_has_the_name_of_a_wheel(purge: Act, house: Path) -> None:
    os.mkfifo(house / "a.whl")
    assert purge(house, force=False)["foreign"] == ["a.whl"]


def test_hashes_of_another_user_stay(purge: Act, house: Path) -> None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root gives files away")
    (house / ".blender-remote-hashes.json").touch()
    os.chown(house / ".blender-remote-hashes.json", 12345, 12345)
    assert purge(house, force=False)["foreign"] == [".blender-remote-hashes.json"]


def test_what_is_remembered_goes_too(
    purge: Act, house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALAPPDATA" if WINDOWS else "XDG_CACHE_HOME", str(tmp_path / "cache"))
    kept = kept_hashes.KeptHashes(house)
    (house / "a.whl").touch()
    kept.put("a.whl", "x", "y")
    kept.save()
    assert kept_hashes.memory_of(house).exists()
    purge(house, force=False)
    assert not kept_hashes.memory_of(house).exists()
