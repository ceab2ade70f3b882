"""What a push does in a wheelhouse besides writing bytes."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

NAME = "numpy-1.0-py3-none-any.whl"
CONTENT = b"the wheel's bytes" * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WHEEL = {"name": NAME, "size": len(CONTENT), "sha256": SHA256}


@pytest.fixture
def act(load: Callable[[str], ModuleType]) -> Callable[..., Any]:
    script = load("wheelhouse")
    return lambda action, **arguments: script.main({"action": action, **arguments})


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


class TestPrepare:
    def test_a_new_folder_with_its_parents(self, act: Callable[..., Any], tmp_path: Path) -> None:
        folder = tmp_path / "a b" / "ä"
        answer = act("prepare", folder=str(folder), wheels=[WHEEL])
        assert answer["folder"] == str(folder)
        assert answer["present"] == []
        assert answer["free_bytes"] > 0
        assert list(folder.iterdir()) == []

    def test_which_wheels_are_there_already(self, act: Callable[..., Any], house: Path) -> None:
        (house / NAME).write_bytes(CONTENT)
        (house / "other.whl").write_bytes(CONTENT[:-1] + b"?")
        (house / "short.whl").write_bytes(CONTENT[:-1])
        (house / "folder.whl").mkdir()
        (house / "link.whl").symlink_to(house / NAME)
        names = [NAME, "other.whl", "short.whl", "folder.whl", "link.whl", "missing.whl"]
        wheels = [{**WHEEL, "name": name} for name in names]
        assert act("prepare", folder=str(house), wheels=wheels)["present"] == [NAME]

    def test_home_and_relative_paths_are_resolved_there(
        self, act: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.chdir(tmp_path)
        home = act("prepare", folder="~/wheels", wheels=[])["folder"]
        assert home == str(tmp_path / "home" / "wheels")
        relative = act("prepare", folder="x/../wheels/", wheels=[])["folder"]
        assert relative == str(tmp_path / "wheels")

    def test_a_file_in_the_way(self, act: Callable[..., Any], tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"x")
        with pytest.raises(FileExistsError):
            act("prepare", folder=str(tmp_path / "file"), wheels=[])
        with pytest.raises(NotADirectoryError):
            act("prepare", folder=str(tmp_path / "file" / "wheels"), wheels=[])

    def test_a_folder_in_which_no_file_can_be_made(self, act: Callable[..., Any]) -> None:
        # Permission bits don't stop root, the kernel's own folder does.
        if not Path("/proc/self").exists():
            pytest.skip("needs /proc, which Linux has")
        with pytest.raises(OSError, match="/proc"):
            act("prepare", folder="/proc/self", wheels=[])


class TestFinish:
    def finish(self, act: Callable[..., Any], house: Path) -> bool:
        part, target = str(house / ".part"), str(house / NAME)
        size = len(CONTENT)
        return act("finish", part=part, target=target, size=size, sha256=SHA256)["complete"]

    def test_a_whole_part_gets_its_name(self, act: Callable[..., Any], house: Path) -> None:
        (house / ".part").write_bytes(CONTENT)
        assert self.finish(act, house)
        assert os.listdir(house) == [NAME]
        assert (house / NAME).read_bytes() == CONTENT

    def test_it_takes_the_place_of_an_older_one(self, act: Callable[..., Any], house: Path) -> None:
        (house / NAME).write_bytes(b"old")
        (house / ".part").write_bytes(CONTENT)
        assert self.finish(act, house)
        assert (house / NAME).read_bytes() == CONTENT

    @pytest.mark.parametrize(
        "content",
        [CONTENT[:-1], CONTENT + b"?", CONTENT[:-1] + b"?", b""],
        ids=["short", "long", "other", "empty"],
    )
    def test_a_part_that_is_not_whole(
        self, act: Callable[..., Any], house: Path, content: bytes
    ) -> None:
        (house / NAME).write_bytes(b"old")
        (house / ".part").write_bytes(content)
        assert not self.finish(act, house)
        assert os.listdir(house) == [NAME]
        assert (house / NAME).read_bytes() == b"old"

    def test_a_link_in_the_parts_place(self, act: Callable[..., Any], house: Path) -> None:
        (house / "whole").write_bytes(CONTENT)
        (house / ".part").symlink_to(house / "whole")
        assert not self.finish(act, house)
        assert os.listdir(house) == ["whole"]

    def test_another_push_was_first(self, act: Callable[..., Any], house: Path) -> None:
        (house / NAME).write_bytes(CONTENT)
        assert self.finish(act, house)

    def test_no_part_at_all(self, act: Callable[..., Any], house: Path) -> None:
        assert not self.finish(act, house)


def test_discard(act: Callable[..., Any], house: Path) -> None:
    (house / ".part").write_bytes(b"x")
    for _ in range(2):
        assert act("discard", part=str(house / ".part")) == {"complete": False}
    assert os.listdir(house) == []


class TestList:
    def test_names_and_sizes_by_name(self, act: Callable[..., Any], house: Path) -> None:
        (house / NAME).write_bytes(CONTENT)
        (house / "empty.whl").write_bytes(b"")
        (house / "corrupt-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04 not a whole archive")
        (house / "linked.whl").symlink_to(house / NAME)
        (house / "dangling.whl").symlink_to(house / "nothing")
        (house / "folder.whl").mkdir()
        (house / "folder.whl" / "deeper.whl").write_bytes(b"x")
        assert act("list", folder=str(house)) == {
            "folder": str(house),
            "exists": True,
            "files": [
                {"name": "corrupt-1.0-py3-none-any.whl", "size": 24},
                {"name": "empty.whl", "size": 0},
                {"name": "linked.whl", "size": len(CONTENT)},
                {"name": NAME, "size": len(CONTENT)},
            ],
        }

    def test_a_folder_that_is_empty_and_one_that_is_missing(
        self, act: Callable[..., Any], house: Path
    ) -> None:
        assert act("list", folder=str(house)) == {
            "folder": str(house),
            "exists": True,
            "files": [],
        }
        missing = house / "no" / "such"
        assert act("list", folder=str(missing)) == {
            "folder": str(missing),
            "exists": False,
            "files": [],
        }
        assert not missing.parent.exists()

    def test_names_that_are_not_plain(self, act: Callable[..., Any], tmp_path: Path) -> None:
        folder = tmp_path / "the 'wheels' of \"Jürgen\" 車輪 $HOME"
        folder.mkdir()
        (folder / "ключ 'x' \"y\".whl").write_bytes(b"1")
        # Not UTF-8: Linux takes any bytes.
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff.whl")).write_bytes(b"12")
        answer = act("list", folder=str(folder))
        assert answer["folder"] == str(folder)
        names = ["ключ 'x' \"y\".whl", "\udcff.whl"]
        assert [file["name"] for file in answer["files"]] == names
        assert json.loads(json.dumps(answer)) == answer

    def test_home_and_relative_paths_are_resolved_there(
        self, act: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.chdir(tmp_path)
        assert act("list", folder="~/wheels")["folder"] == str(tmp_path / "home" / "wheels")
        assert act("list", folder="x/../wheels/")["folder"] == str(tmp_path / "wheels")

    def test_what_is_no_folder(self, act: Callable[..., Any], tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"x")
        for path in (tmp_path / "file", tmp_path / "file" / "deeper"):
            with pytest.raises(NotADirectoryError) as caught:
                act("list", folder=str(path))
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
        assert [file["name"] for file in act("list", folder=str(house))["files"]] == ["b.whl"]
