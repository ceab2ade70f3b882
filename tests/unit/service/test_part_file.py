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
from systems import posix_only

Write = Callable[[int, bytes], int]


def act(action: str, **arguments: object) -> Any:
    return part_file.main({"action": action, **arguments})


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / ".numpy.whl.0123.part"


@pytest.fixture
def write(part: Path) -> Write:

    def write_piece(offset: int, data: bytes) -> int:
        text = base64.b64encode(data).decode()
        return act("write", part=str(part), offset=offset, data=text)

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
    with pytest.raises(OSError, match="symbolic links"):
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
        act("write", part=str(part), offset=0, data="YWJj*A==")
    assert not part.exists()


def test_a_folder_that_is_gone(write: Write, part: Path) -> None:
    part.parent.rmdir()
    with pytest.raises(FileNotFoundError):
        write(0, b"abc")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, which Linux has")
def test_a_full_disk() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        act("write", part="/dev/full", offset=0, data="YWJj")
    assert caught.value.errno is not None


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
        target = part.with_name("numpy.whl")
        lock = part_file._lock

        def racing(file: Any, path: str) -> None:
            if not target.exists():
                os.rename(part, target)
            lock(file, path)

        monkeypatch.setattr(part_file, "_lock", racing)
        with part_file.open_part(str(part)) as file:
            file.write(b"new")
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


def finish(part: Path, content: bytes = CONTENT) -> dict[str, bool]:
    sha256 = hashlib.sha256(content).hexdigest()
    target = str(part.with_name("numpy.whl"))
    return act("finish", part=str(part), target=target, size=len(content), sha256=sha256)


class TestFinish:
    def test_a_whole_part_gets_its_name(self, part: Path) -> None:
        part.write_bytes(CONTENT)
        assert finish(part) == {"complete": True}
        assert os.listdir(part.parent) == ["numpy.whl"]
        assert part.with_name("numpy.whl").read_bytes() == CONTENT

    def test_it_takes_the_place_of_an_older_one(self, part: Path) -> None:
        part.with_name("numpy.whl").write_bytes(b"old")
        part.write_bytes(CONTENT)
        assert finish(part) == {"complete": True}
        assert part.with_name("numpy.whl").read_bytes() == CONTENT

    def test_what_another_content_left_behind_its_end(self, part: Path) -> None:
        part.write_bytes(CONTENT + b"more")
        assert finish(part)["complete"]
        assert part.with_name("numpy.whl").read_bytes() == CONTENT

    @pytest.mark.parametrize(
        "content", [CONTENT[:-1], CONTENT[:-1] + b"?", b""], ids=["short", "other", "empty"]
    )
    def test_a_part_that_is_not_whole_stays_a_part(self, part: Path, content: bytes) -> None:
        part.with_name("numpy.whl").write_bytes(b"old")
        part.write_bytes(content)
        assert not finish(part)["complete"]
        assert part.read_bytes() == content
        assert part.with_name("numpy.whl").read_bytes() == b"old"

    def test_a_link_in_the_parts_place(self, part: Path) -> None:
        whole = part.with_name("whole")
        whole.write_bytes(CONTENT)
        part.symlink_to(whole)
        with pytest.raises(OSError, match="symbolic links"):
            finish(part)
        assert not part.with_name("numpy.whl").exists()

    def test_another_push_was_first(self, part: Path) -> None:
        part.with_name("numpy.whl").write_bytes(CONTENT)
        assert finish(part) == {"complete": True}
        assert os.listdir(part.parent) == ["numpy.whl"]


def test_discard(part: Path) -> None:
    part.write_bytes(b"x")
    for _ in range(2):
        assert act("discard", part=str(part)) is None
    assert not part.exists()


def test_a_part_that_is_being_written_is_not_discarded(part: Path) -> None:
    with part_file.open_part(str(part)):
        act("discard", part=str(part))
        assert part.exists()
