"""Part files: pieces at their offsets, what is in them, and how they get a name."""

import base64
import binascii
import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bld_remote_mcp import part_file
from bld_remote_mcp.upload_folder import ForeignFileError, PlaceError, UploadFolder, identity_of
from systems import posix_only

NAME = "numpy-1.0-py3-none-any.whl"
PART = f".{NAME}.0123.part"

Write = Callable[[int, bytes], int]


def act(action: str, **arguments: object) -> Any:
    return part_file.main({"action": action, **arguments})


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / PART


@pytest.fixture
def write(part: Path) -> Write:

    def write_piece(offset: int, data: bytes) -> int:
        text = base64.b64encode(data).decode()
        return act("write", part=str(part), offset=offset, size=10_000_000, data=text)

    return write_piece


def test_pieces_in_any_order(write: Write, part: Path) -> None:
    content = bytes(range(256)) * 5
    pieces = [(offset, content[offset : offset + 400]) for offset in range(0, len(content), 400)]
    for order in itertools.permutations(pieces):
        part.unlink(missing_ok=True)
        assert [write(offset, data) for offset, data in order] == [len(data) for _, data in order]
        assert part.read_bytes() == content


def test_a_piece_that_is_sent_twice(write: Write, part: Path) -> None:
    for offset, data in [(0, b"abc"), (3, b"def"), (0, b"abc"), (3, b"def")]:
        write(offset, data)
    assert part.read_bytes() == b"abcdef"


def test_line_ends_stay_as_they_are(write: Write, part: Path) -> None:
    write(0, b"a\r\nb\nc\x1a")
    assert part.read_bytes() == b"a\r\nb\nc\x1a"


def test_a_link_is_not_written_through(write: Write, part: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    part.symlink_to(victim)
    with pytest.raises(ForeignFileError):
        write(0, b"evil")
    assert victim.read_bytes() == b"precious"


def test_a_link_where_open_follows_every_one(
    write: Write, part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""
    monkeypatch.delattr(os, "O_NOFOLLOW", raising=False)
    test_a_link_is_not_written_through(write, part, tmp_path)


def test_broken_base64_writes_nothing(part: Path) -> None:
    with pytest.raises(binascii.Error):
        act("write", part=str(part), offset=0, size=9, data="YWJj*A==")
    assert not part.exists()


def test_a_folder_that_is_gone(write: Write, part: Path) -> None:
    part.parent.rmdir()
    with pytest.raises(FileNotFoundError):
        write(0, b"abc")


class TestLock:
    def test_one_writer_at_a_time(self, write: Write, part: Path) -> None:
        with part_file.open_part(str(part)):
            with pytest.raises(part_file.PartBusyError) as caught:
                part_file.open_part(str(part))
            assert caught.value.filename == str(part)
            with pytest.raises(part_file.PartBusyError):
                write(0, b"abc")
            with pytest.raises(part_file.PartBusyError):
                finish(part, b"")
        write(0, b"abc")
        assert part.read_bytes() == b"abc"

    @posix_only("Windows renames no open file")
    def test_a_part_that_got_its_name_between_opening_and_locking(
        self, part: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        part.write_bytes(b"whole")
        target = part.with_name(NAME)
        lock = part_file._lock

        def racing(file: Any, path: str) -> None:
            if not target.exists():
                os.rename(part, target)
            lock(file, path)

        monkeypatch.setattr(part_file, "_lock", racing)
        with part_file.open_part(str(part)) as opened:
            opened.file.write(b"new")
        assert target.read_bytes() == b"whole"
        assert part.read_bytes() == b"new"


class TestBlocks:
    def blocks(self, part: Path, first: int = 0, count: int = 100) -> dict[str, Any]:
        arguments = {"part": str(part), "block_size": 4, "from": first, "count": count}
        return part_file.main({"action": "blocks", **arguments})

    def hashes(self, *blocks: bytes) -> list[str]:
        return [hashlib.sha256(block).hexdigest() for block in blocks]

    def test_each_block_and_a_short_last_one(self, part: Path) -> None:
        part.write_bytes(b"aaaabbbbcc")
        assert self.blocks(part) == {"size": 10, "blocks": self.hashes(b"aaaa", b"bbbb", b"cc")}
        assert self.blocks(part, 1, 1) == {"size": 10, "blocks": self.hashes(b"bbbb")}
        assert self.blocks(part, 3) == {"size": 10, "blocks": []}

    def test_blocks_that_are_read_in_several_steps(
        self, part: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(part_file, "READ_SIZE", 3)
        part.write_bytes(b"aaaabbbbcc")
        assert self.blocks(part)["blocks"] == self.hashes(b"aaaa", b"bbbb", b"cc")

    def test_no_part(self, part: Path) -> None:
        assert self.blocks(part) == {"size": 0, "blocks": []}


CONTENT = b"the wheel's bytes" * 100_000


def finish(part: Path, content: bytes = CONTENT) -> dict[str, Any]:
    sha256 = hashlib.sha256(content).hexdigest()
    target = str(part.with_name(NAME))
    return act("finish", part=str(part), target=target, size=len(content), sha256=sha256)


def done(part: Path) -> dict[str, Any]:
    return {"complete": True, "identity": identity_of(part.with_name(NAME).stat())}


class TestFinish:
    def test_a_whole_part_gets_its_name(self, part: Path) -> None:
        part.write_bytes(CONTENT)
        assert finish(part) == done(part)
        assert os.listdir(part.parent) == [NAME]
        assert part.with_name(NAME).read_bytes() == CONTENT

    def test_it_takes_the_place_of_an_older_one(self, part: Path) -> None:
        part.with_name(NAME).write_bytes(b"old")
        part.write_bytes(CONTENT)
        assert finish(part) == done(part)
        assert part.with_name(NAME).read_bytes() == CONTENT

    def test_what_another_content_left_behind_its_end(self, part: Path) -> None:
        part.write_bytes(CONTENT + b"more")
        assert finish(part)["complete"]
        assert part.with_name(NAME).read_bytes() == CONTENT

    @pytest.mark.parametrize(
        "content", [CONTENT[:-1], CONTENT[:-1] + b"?", b""], ids=["short", "other", "empty"]
    )
    def test_a_part_that_is_not_whole_stays_a_part(self, part: Path, content: bytes) -> None:
        part.with_name(NAME).write_bytes(b"old")
        part.write_bytes(content)
        assert not finish(part)["complete"]
        assert part.read_bytes() == content
        assert part.with_name(NAME).read_bytes() == b"old"

    def test_a_link_in_the_parts_place(self, part: Path) -> None:
        whole = part.with_name("whole")
        whole.write_bytes(CONTENT)
        part.symlink_to(whole)
        with pytest.raises(ForeignFileError):
            finish(part)
        assert not part.with_name(NAME).exists()

    def test_another_push_was_first(self, part: Path) -> None:
        part.with_name(NAME).write_bytes(CONTENT)
        assert finish(part) == done(part)
        assert os.listdir(part.parent) == [NAME]


def test_discard(part: Path) -> None:
    part.write_bytes(b"x")
    for _ in range(2):
        assert act("discard", part=str(part)) is None
    assert not part.exists()


def test_a_part_that_is_being_written_is_not_discarded(part: Path) -> None:
    with part_file.open_part(str(part)):
        act("discard", part=str(part))
        assert part.exists()


class TestPlaces:
    @pytest.mark.parametrize(
        "name",
        [
            *("notes.txt", "a.whl", "..", "", "x.py", ".bashrc", "a-1.0-py3-none-any.whl.exe"),
            *(
                "a-1.0-py3-none-any.whl",
                "a-1.0-py3-none-any.whl:stream",
                "..a-1.0-py3-none-any.whl",
                "a-1-py3-none-any.whl\n",
            ),
        ],
    )
    def test_only_wheels_and_their_parts(self, tmp_path: Path, name: str) -> None:
        paths = [
            f"{tmp_path}/{name}",
            *([] if name == "a-1.0-py3-none-any.whl" else [f"{tmp_path}/.{name}.0123.part"]),
        ]
        for path in paths:
            with pytest.raises(PlaceError, match="isn't"):
                part_file.open_part(str(path))
        assert os.listdir(tmp_path) == []

    @pytest.mark.parametrize("path", ["x/.{}.0.part", "/a\0b/.{}.0.part", "/\ud800/.{}.0.part"])
    def test_what_is_no_absolute_path(self, path: str) -> None:
        with pytest.raises(PlaceError, match="a path has"):
            part_file.open_part(path.format(NAME))

    def test_a_part_of_something_else(self, part: Path, tmp_path: Path) -> None:
        part.write_bytes(CONTENT)
        (tmp_path / "deeper").mkdir()
        for target in (tmp_path / "deeper" / NAME, tmp_path / NAME.replace("num", "bum")):
            with pytest.raises(PlaceError, match="isn't the part file of"):
                act("finish", part=str(part), target=str(target), size=1, sha256="0")

    def test_the_part_of_a_second_push(self, part: Path, tmp_path: Path) -> None:
        second = part.with_name(part.name.replace(".part", ".ab12cd34.part"))
        second.write_bytes(CONTENT)
        digest = hashlib.sha256(CONTENT).hexdigest()
        size = len(CONTENT)
        act("finish", part=str(second), target=str(tmp_path / NAME), size=size, sha256=digest)
        assert (tmp_path / NAME).read_bytes() == CONTENT

    @posix_only("it has no modes")
    def test_other_names_only_in_a_private_folder_for_them(self, tmp_path: Path) -> None:
        folder = tmp_path / "blender-remote-files-x"
        folder.mkdir(0o755)
        path = str(folder / ".get-pip.py.0123.part")
        with pytest.raises(PlaceError):
            part_file.open_part(path)
        folder.chmod(0o700)
        with part_file.open_part(path):
            assert os.listdir(folder) == [".get-pip.py.0123.part"]


class TestOffsets:
    @pytest.mark.parametrize("offset", [-1, 0.5, 1e300, True, "0", 8, 10**30])
    def test_beyond_the_file(self, part: Path, offset: object) -> None:
        with pytest.raises(ValueError, match="piece"):
            act("write", part=str(part), offset=offset, size=10, data="YWJj")
        assert not part.exists()


@posix_only("it has no modes")
class TestOthers:
    """What somebody else may do in a folder that they may write to."""

    @pytest.fixture(autouse=True)
    def loose_umask(self) -> Any:
        before = os.umask(0)
        yield
        os.umask(before)

    @pytest.mark.parametrize(("folder", "mode"), [(0o700, 0o600), (0o755, 0o644), (0o777, 0o644)])
    def test_rights(self, write: Write, part: Path, folder: int, mode: int) -> None:
        part.parent.chmod(folder)
        write(0, CONTENT)
        assert part.stat().st_mode & 0o777 == 0o600
        assert finish(part)["complete"]
        assert part.with_name(NAME).stat().st_mode & 0o777 == mode

    @pytest.mark.parametrize("kind", ["fifo", "folder", "device", "second name", "writable"])
    def test_what_is_no_part_of_ours(self, write: Write, part: Path, kind: str) -> None:
        victim = part.with_name("victim")
        victim.write_bytes(b"precious")
        if kind == "fifo":
            os.mkfifo(part)
        elif kind == "folder":
            part.mkdir()
        elif kind == "device":
            if os.geteuid() != 0:
                pytest.skip("only root makes devices")
            try:
                os.mknod(part, 0o600 | 0o020000, os.makedev(1, 7))  # /dev/full
            except PermissionError:
                pytest.skip("no devices can be made here")
        elif kind == "second name":
            os.link(victim, part)
        else:
            part.write_bytes(b"x")
            part.chmod(0o666)
        before = os.lstat(part)
        with pytest.raises(ForeignFileError):
            write(0, b"evil")
        with pytest.raises(ForeignFileError):
            finish(part)
        act("discard", part=str(part))
        assert TestBlocks().blocks(part) == {"size": 0, "blocks": []}
        assert os.lstat(part) == before
        assert victim.read_bytes() == b"precious"

    def test_another_users_part(self, write: Write, part: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root gives files away")
        part.write_bytes(b"x")
        os.chown(part, 12345, 12345)
        with pytest.raises(ForeignFileError, match="others than Blender's user"):
            write(0, b"evil")

    def test_a_drive_that_gives_files_an_owner(
        self, write: Write, part: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        assert write(0, b"abc") == write(3, b"def") == 3
        assert part.read_bytes() == b"abcdef"
        assert os.listdir(part.parent) == [PART]

    @pytest.mark.parametrize("kind", ["folder", "fifo"])
    def test_a_target_that_is_no_file(self, part: Path, kind: str) -> None:
        target = part.with_name(NAME)
        part.write_bytes(CONTENT)
        part.chmod(0o600)
        if kind == "folder":
            target.mkdir()
        else:
            os.mkfifo(target)
        before = os.lstat(target)
        with pytest.raises(FileExistsError, match="no plain file"):
            finish(part)
        assert os.lstat(target) == before

    @pytest.mark.parametrize("to", ["victim", "nowhere"])
    def test_a_target_that_is_a_link_is_replaced_itself(self, part: Path, to: str) -> None:
        part.with_name("victim").write_bytes(b"precious")
        part.with_name(NAME).symlink_to(to)
        part.write_bytes(CONTENT)
        part.chmod(0o600)
        assert finish(part) == done(part)
        assert not part.with_name(NAME).is_symlink()
        assert part.with_name("victim").read_bytes() == b"precious"

    @pytest.mark.parametrize("moment", ["before", "while"])
    def test_a_part_that_is_swapped(
        self, write: Write, part: Path, monkeypatch: pytest.MonkeyPatch, moment: str
    ) -> None:
        """Whatever is put in a part's place once it was hashed doesn't get the wheel's name."""
        write(0, CONTENT)
        evil = part.with_name("evil")
        evil.write_bytes(b"?" * len(CONTENT))

        def swap() -> None:
            if evil.exists():
                part.rename(part.with_name("moved"))
                evil.rename(part)

        replace, fsync = UploadFolder.replace, os.fsync

        def racing(folder: UploadFolder, old: str, new: str) -> None:
            swap()
            replace(folder, old, new)

        if moment == "while":
            monkeypatch.setattr(UploadFolder, "replace", racing)
        else:
            monkeypatch.setattr(os, "fsync", lambda handle: (fsync(handle), swap()))
        with pytest.raises(ForeignFileError, match="another file was put in the place"):
            finish(part)
        assert not part.with_name(NAME).exists()

    def test_a_folder_that_is_swapped(
        self, write: Write, part: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The name is given in the folder in which the part was opened."""
        write(0, CONTENT)
        folder, aside = part.parent, part.parent.with_name("aside")
        replace = UploadFolder.replace

        def racing(here: UploadFolder, old: str, new: str) -> None:
            folder.rename(aside)
            folder.mkdir()
            part.write_bytes(b"?")
            replace(here, old, new)

        monkeypatch.setattr(UploadFolder, "replace", racing)
        assert finish(part)["complete"]
        assert (aside / NAME).read_bytes() == CONTENT
        assert os.listdir(folder) == [PART]


@posix_only("it removes no file that is open")
def test_a_part_that_is_removed_before_it_has_its_name(
    write: Write, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(0, CONTENT)
    monkeypatch.setattr(os, "fsync", lambda _: part.unlink())
    with pytest.raises(FileNotFoundError):
        finish(part)
