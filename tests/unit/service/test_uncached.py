"""Blocks of any length, to disks that take them past the cache and to others."""

import errno
import mmap
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
from bld_remote_mcp.uncached import ALIGNMENT, Uncached

fcntl = pytest.importorskip("fcntl", reason="POSIX only: a flag of the descriptor")

CONTENT = random.Random(5).randbytes(5 * ALIGNMENT + 123)
LENGTHS = [
    [len(CONTENT)],
    [ALIGNMENT] * 6,
    [2 * ALIGNMENT, 7, ALIGNMENT, len(CONTENT)],
    [1, len(CONTENT)],
]


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT), "r+b", buffering=0) as file:
        yield file


def write_all(uncached: Uncached, content: bytes, lengths: list[int]) -> None:
    memory = memoryview(mmap.mmap(-1, 16 * ALIGNMENT))
    for length in lengths:
        piece, content = content[:length], content[length:]
        memory[: len(piece)] = piece
        block = memory[: len(piece)]
        while block:
            block = block[uncached.write(block) :]
    assert not content


def is_direct(file: BinaryIO) -> bool:
    return bool(fcntl.fcntl(file, fcntl.F_GETFL) & os.O_DIRECT)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("begin", [0, ALIGNMENT, 3 * ALIGNMENT, 1, ALIGNMENT + 1])
def test_what_is_written_is_there(tmp_path: Path, lengths: list[int], begin: int) -> None:
    before = b"x" * begin
    path = tmp_path / "part"
    path.write_bytes(before)
    with opened(path) as file:
        file.seek(begin)
        uncached = Uncached(file)
        assert uncached.active == is_direct(file)
        if begin % ALIGNMENT != 0:
            assert not uncached.active
        write_all(uncached, CONTENT, lengths)
        assert not is_direct(file)
        file.seek(0)
        assert file.read() == before + CONTENT


def test_the_cache_is_left_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "part") as file:
        try:
            os.close(os.open(tmp_path / "part", os.O_WRONLY | os.O_DIRECT))
        except OSError:
            pytest.skip("the file system of temporary files has no direct writes")
        uncached = Uncached(file)
        assert uncached.active
        write_all(uncached, CONTENT[: 4 * ALIGNMENT], [ALIGNMENT] * 4)
        assert uncached.active
        assert is_direct(file)


def test_a_file_system_that_refuses_the_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = fcntl.fcntl

    def refuse(file: BinaryIO, command: int, argument: int = 0) -> int:
        if command == fcntl.F_SETFL:
            raise OSError(errno.EINVAL, "Invalid argument")
        return original(file, command, argument)

    with opened(tmp_path / "part") as file:
        monkeypatch.setattr(fcntl, "fcntl", refuse)
        uncached = Uncached(file)
        assert not uncached.active
        write_all(uncached, CONTENT, LENGTHS[1])
    assert (tmp_path / "part").read_bytes() == CONTENT


class Picky:
    """A file that takes the flag, and then fails for a direct write."""

    def __init__(self, file: BinaryIO, error: int) -> None:
        self._file = file
        self._error = error
        self.refused = 0

    def fileno(self) -> int:
        return self._file.fileno()

    def tell(self) -> int:
        return self._file.tell()

    def write(self, block: memoryview) -> int:
        if self.refused == 0:
            self.refused += 1
            raise OSError(self._error, os.strerror(self._error))
        assert not is_direct(self._file)
        return self._file.write(block)


@pytest.fixture
def flag_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flag of a file is said to be set, whatever the file system is."""
    monkeypatch.setattr(Uncached, "_switch", lambda self, on: True)


@pytest.mark.usefixtures("flag_taken")
def test_a_file_system_that_refuses_the_first_write(tmp_path: Path) -> None:
    with opened(tmp_path / "part") as file:
        picky = Picky(file, errno.EINVAL)
        uncached = Uncached(picky)  # type: ignore[arg-type]
        write_all(uncached, CONTENT, LENGTHS[1])
        assert picky.refused == 1
        assert not uncached.active
    assert (tmp_path / "part").read_bytes() == CONTENT


@pytest.mark.usefixtures("flag_taken")
def test_a_full_disk_is_not_taken_for_one_that_refuses(tmp_path: Path) -> None:
    with opened(tmp_path / "part") as file:
        uncached = Uncached(Picky(file, errno.ENOSPC))  # type: ignore[arg-type]
        with pytest.raises(OSError, match="No space"):
            write_all(uncached, CONTENT, LENGTHS[1])
