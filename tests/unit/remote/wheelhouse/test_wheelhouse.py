"""What a push does in a wheelhouse besides writing bytes."""

import errno
import hashlib
import json
import os
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from file_lock import lock
from systems import WINDOWS, native, set_home

NAME = "numpy-1.0-py3-none-any.whl"
CONTENT = b"the wheel's bytes" * 100_000
HOUR = 3600
WEEK = 7 * 24 * HOUR
# Windows has none in its names.
QUOTE = "" if WINDOWS else '"'
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is remembered on this machine isn't a test's."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("LOCALAPPDATA" if WINDOWS else "XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def act(load: Callable[[str], ModuleType]) -> Callable[..., Any]:
    script = load("wheelhouse")
    return lambda action, **arguments: script.main({"action": action, **arguments})


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


def wheel(name: str = NAME, size: int = len(CONTENT)) -> dict[str, object]:
    return {"name": name, "size": size, "part": f".{name}.0123.part"}


class TestPrepare:
    def prepare(self, act: Callable[..., Any], folder: object, *wheels: object) -> dict[str, Any]:
        given = None if folder is None else str(folder)
        return act("prepare", folder=given, wheels=list(wheels), seconds=60)

    def test_a_new_folder_with_its_parents(self, act: Callable[..., Any], tmp_path: Path) -> None:
        folder = tmp_path / "a b" / "ä"
        answer = self.prepare(act, folder, wheel())
        assert answer.pop("free_bytes") > 0
        assert answer == {
            "folder": str(folder),
            "read_only": None,
            "hashes": {},
            "unhashed": [],
            "parts": {},
            "removed_parts": 0,
            "exposed": None,
        }
        assert list(folder.iterdir()) == []

    def test_which_wheels_are_there_already(self, act: Callable[..., Any], house: Path) -> None:
        other = CONTENT[:-1] + b"?"
        (house / NAME).write_bytes(CONTENT)
        (house / "other.whl").write_bytes(other)
        (house / "short.whl").write_bytes(CONTENT[:-1])
        (house / "folder.whl").mkdir()
        if not WINDOWS:
            (house / "link.whl").symlink_to(house / NAME)
        names = [NAME, "other.whl", "short.whl", "folder.whl", "link.whl", "missing.whl"]
        assert self.prepare(act, house, *map(wheel, names))["hashes"] == {
            NAME: SHA256,
            "other.whl": hashlib.sha256(other).hexdigest(),
            "short.whl": None,
        }

    def test_when_time_is_over_each_call_comes_further(
        self, act: Callable[..., Any], house: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = ["a.whl", "b.whl", "c.whl"]
        for name in names:
            (house / name).write_bytes(CONTENT)
        asked = [[*names], ["b.whl", "c.whl"], ["c.whl"]]
        unhashed = []
        for wanted in asked:
            clock = iter([0.0, *([0.5] * 1), *([2.0] * 10)])
            monkeypatch.setattr("time.monotonic", lambda clock=clock: next(clock))
            unhashed.append(
                act("prepare", folder=str(house), wheels=list(map(wheel, wanted)), seconds=1)
            )
            monkeypatch.undo()
        assert [answer["unhashed"] for answer in unhashed] == [["b.whl", "c.whl"], ["c.whl"], []]
        hashes = [answer["hashes"] for answer in unhashed]
        assert hashes == [{name: SHA256} for name in names]

    def test_parts_and_what_becomes_of_old_ones(self, act: Callable[..., Any], house: Path) -> None:
        (house / f".{NAME}.0123.part").write_bytes(b"12345")
        (house / ".other.whl.0123.part").write_bytes(b"1")
        (house / ".abandoned.whl.0123.part").write_bytes(b"1")
        # Another program's.
        (house / ".scene.blend.part").write_bytes(b"1")
        (house / "old.whl").write_bytes(b"1")
        for name in (".abandoned.whl.0123.part", ".scene.blend.part", "old.whl"):
            os.utime(house / name, (0, 0))
        answer = self.prepare(act, house, wheel())
        assert answer["parts"] == {NAME: 5}
        assert answer["removed_parts"] == 1
        assert sorted(os.listdir(house)) == sorted(
            [f".{NAME}.0123.part", ".other.whl.0123.part", ".scene.blend.part", "old.whl"]
        )

    def test_parts_that_cannot_be_continued(self, act: Callable[..., Any], house: Path) -> None:
        now = time.time()
        ages = {
            # A stream's: nobody holds it, so its push has ended.
            f".{NAME}.0123.{'a' * 12}.part": 0,
            f".{NAME}.0123.{'b' * 12}.part": 0,
            # That comes in pieces.
            f".{NAME}.0123.{'c' * 8}.part": 0,
            f".{NAME}.0123.{'d' * 8}.part": 2 * HOUR,
            # Clocks that have been put right since.
            f".{NAME}.0123.{'e' * 8}.part": -2 * HOUR,
            ".other.whl.0123.part": -2 * WEEK,
        }
        for name, age in ages.items():
            (house / name).write_bytes(b"1")
            os.utime(house / name, (now - age, now - age))
        with FileIO(house / f".{NAME}.0123.{'b' * 12}.part", "r+") as held:
            assert lock(held)
            assert self.prepare(act, house, wheel())["removed_parts"] == 4
        assert sorted(os.listdir(house)) == [
            f".{NAME}.0123.{'b' * 12}.part",
            f".{NAME}.0123.{'c' * 8}.part",
        ]

    def test_home_and_relative_paths_are_resolved_there(
        self, act: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_home(monkeypatch, tmp_path / "home")
        monkeypatch.chdir(tmp_path)
        home = self.prepare(act, "~/wheels")["folder"]
        assert home == str(tmp_path / "home" / "wheels")
        relative = self.prepare(act, "x/../wheels/")["folder"]
        assert relative == str(tmp_path / "wheels")

    @pytest.mark.parametrize("path", ["C:\\con", "aux.x\\wheels", "d:/a/NUL /b", "COM1", "lpt¹:"])
    def test_a_device_of_windows(
        self, act: Callable[..., Any], path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.platform", "win32")
        with pytest.raises(OSError, match="names a device") as caught:
            self.prepare(act, path, wheel())
        assert (caught.value.errno, caught.value.filename) == (errno.ENODEV, path)

    @pytest.mark.skipif(os.name == "nt", reason="POSIX only: there it is a path")
    @pytest.mark.parametrize("path", ["C:\\wheels", "d:/wheels", "\\\\server\\share"])
    def test_a_path_of_windows(self, act: Callable[..., Any], path: str) -> None:
        with pytest.raises(OSError, match="path of Windows") as caught:
            self.prepare(act, path, wheel())
        assert (caught.value.errno, caught.value.filename) == (errno.ENXIO, path)

    def test_what_only_looks_like_one(
        self, act: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("console", "com", "com10", "my.con", "nul_"):
            monkeypatch.setattr("sys.platform", "win32")
            assert self.prepare(act, tmp_path / name)["folder"] == str(tmp_path / name)

    def test_a_file_in_the_way(self, act: Callable[..., Any], tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"x")
        with pytest.raises(FileExistsError):
            self.prepare(act, tmp_path / "file")
        # In a file in the way there is nothing, Windows says.
        with pytest.raises(FileExistsError if WINDOWS else NotADirectoryError):
            self.prepare(act, tmp_path / "file" / "wheels")

    def test_a_folder_in_which_no_file_can_be_made(self, act: Callable[..., Any]) -> None:
        # Permission bits don't stop root, the kernel's own folder does.
        if not Path("/proc/self").exists():
            pytest.skip("needs /proc, which Linux has")
        answer = self.prepare(act, "/proc/self")
        assert answer["read_only"] in ("ENOENT", "EACCES", "EPERM")
        assert answer["hashes"] == {}


class TestDefaultFolder:
    @pytest.mark.parametrize(
        ("platform", "variables", "expected"),
        [
            ("linux", {}, "HOME/.cache/blender-remote-cli/wheelhouse"),
            ("linux", {"XDG_CACHE_HOME": "/c"}, "/c/blender-remote-cli/wheelhouse"),
            ("linux", {"XDG_CACHE_HOME": "c"}, "HOME/.cache/blender-remote-cli/wheelhouse"),
            ("darwin", {}, "HOME/Library/Caches/blender-remote-cli/wheelhouse"),
            ("win32", {"LOCALAPPDATA": "/L"}, "/L/blender-remote-cli/Cache/wheelhouse"),
            ("win32", {}, "HOME/AppData/Local/blender-remote-cli/Cache/wheelhouse"),
        ],
    )
    def test_a_cache_folder_of_the_user(
        self,
        act: Callable[..., Any],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        platform: str,
        variables: dict[str, str],
        expected: str,
    ) -> None:
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
            monkeypatch.delenv(name, raising=False)
        set_home(monkeypatch, tmp_path)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.platform", platform)
        assert act("resolve", folder=None) == native(expected).replace("HOME", str(tmp_path))

    def test_it_is_made_when_wheels_come(
        self, act: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOCALAPPDATA" if WINDOWS else "XDG_CACHE_HOME", str(tmp_path))
        folder = act("resolve", folder=None)
        assert act("list", folder=None, seconds=None, hashed=[]) == {
            "folder": folder,
            "exists": False,
            "exposed": None,
            "files": [],
        }
        assert act("prepare", folder=None, wheels=[], seconds=1)["folder"] == folder
        assert os.path.isdir(folder)


class TestList:
    def test_names_and_sizes_by_name(self, act: Callable[..., Any], house: Path) -> None:
        (house / NAME).write_bytes(CONTENT)
        (house / "empty.whl").write_bytes(b"")
        (house / "corrupt-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04 not a whole archive")
        linked = [] if WINDOWS else [{"name": "linked.whl", "size": len(CONTENT), "sha256": None}]
        if linked:
            (house / "linked.whl").symlink_to(house / NAME)
            (house / "dangling.whl").symlink_to(house / "nothing")
        (house / "folder.whl").mkdir()
        (house / "folder.whl" / "deeper.whl").write_bytes(b"x")
        assert act("list", folder=str(house), seconds=None, hashed=[]) == {
            "folder": str(house),
            "exists": True,
            "exposed": None,
            "files": [
                {"name": "corrupt-1.0-py3-none-any.whl", "size": 24, "sha256": None},
                {"name": "empty.whl", "size": 0, "sha256": None},
                *linked,
                {"name": NAME, "size": len(CONTENT), "sha256": None},
            ],
        }

    def test_a_folder_that_is_empty_and_one_that_is_missing(
        self, act: Callable[..., Any], house: Path
    ) -> None:
        assert act("list", folder=str(house), seconds=None, hashed=[]) == {
            "folder": str(house),
            "exists": True,
            "exposed": None,
            "files": [],
        }
        missing = house / "no" / "such"
        assert act("list", folder=str(missing), seconds=None, hashed=[]) == {
            "folder": str(missing),
            "exists": False,
            "exposed": None,
            "files": [],
        }
        assert not missing.parent.exists()

    def test_names_that_are_not_plain(self, act: Callable[..., Any], tmp_path: Path) -> None:
        folder = tmp_path / f"the 'wheels' of {QUOTE}Jürgen{QUOTE} 車輪 $HOME"
        folder.mkdir()
        # The last one isn't UTF-8: Linux takes any bytes.
        names = [f"ключ 'x' {QUOTE}y{QUOTE}.whl", *([] if WINDOWS else ["\udcff.whl"])]
        for name in names:
            (folder / name).write_bytes(b"1")
        answer = act("list", folder=str(folder), seconds=None, hashed=[])
        assert answer["folder"] == str(folder)
        assert [file["name"] for file in answer["files"]] == names
        assert json.loads(json.dumps(answer)) == answer

    def test_home_and_relative_paths_are_resolved_there(
        self, act: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_home(monkeypatch, tmp_path / "home")
        monkeypatch.chdir(tmp_path)
        assert act("list", folder="~/wheels", seconds=None, hashed=[])["folder"] == str(
            tmp_path / "home" / "wheels"
        )
        assert act("list", folder="x/../wheels/", seconds=None, hashed=[])["folder"] == str(
            tmp_path / "wheels"
        )

    def test_what_is_no_folder(self, act: Callable[..., Any], tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"x")
        # Below a file there is nothing, Windows says.
        below = [] if WINDOWS else [tmp_path / "file" / "deeper"]
        for path in (tmp_path / "file", *below):
            with pytest.raises(NotADirectoryError) as caught:
                act("list", folder=str(path), seconds=None, hashed=[])
            assert Path(caught.value.filename) == path

    def test_files_that_go_while_it_looks(
        self, act: Callable[..., Any], house: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("a.whl", "b.whl"):
            (house / name).write_bytes(b"x")
        whole = os.scandir

        def racing(folder: Any) -> Any:
            entries = whole(folder)
            (house / "a.whl").unlink(missing_ok=True)
            return entries

        monkeypatch.setattr(os, "scandir", racing)
        listed = act("list", folder=str(house), seconds=None, hashed=[])["files"]
        assert [file["name"] for file in listed] == ["b.whl"]
