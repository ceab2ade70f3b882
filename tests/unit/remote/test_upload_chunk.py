"""Pieces of a file, written at their offsets."""

import base64
import binascii
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Write = Callable[[int, bytes], int]


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / ".numpy.whl.0123.part"


@pytest.fixture
def write(load: Callable[[str], ModuleType], part: Path) -> Write:
    script = load("upload_chunk")

    def write_piece(offset: int, data: bytes) -> int:
        text = base64.b64encode(data).decode()
        return script.main({"part": str(part), "offset": offset, "data": text})

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


def test_broken_base64_writes_nothing(load: Callable[[str], ModuleType], part: Path) -> None:
    with pytest.raises(binascii.Error):
        load("upload_chunk").main({"part": str(part), "offset": 0, "data": "YWJj*A=="})
    assert not part.exists()


def test_a_folder_that_is_gone(write: Write, part: Path) -> None:
    part.parent.rmdir()
    with pytest.raises(FileNotFoundError):
        write(0, b"abc")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, which Linux has")
def test_a_full_disk(load: Callable[[str], ModuleType]) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        load("upload_chunk").main({"part": "/dev/full", "offset": 0, "data": "YWJj"})
    assert caught.value.errno is not None
