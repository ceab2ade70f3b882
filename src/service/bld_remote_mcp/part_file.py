"""Part files: temporary files that receive an upload, and get its name once they are complete.

The service writes a stream into one. For servers that can only run code, this file is sent as a
script, and the upload comes in pieces. Whoever writes to a part file holds its lock, so that nobody
can still write to a file that has its final name.
"""

import binascii
import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from io import FileIO
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from _hashlib import HASH

from .file_lock import lock

READ_SIZE = 1 << 20


class PartBusyError(OSError):
    """Another transfer writes to this part file."""


def open_part(path: str) -> FileIO:
    """Open and lock a part file for reading and writing; create it where it doesn't exist.

    Closing the file unlocks it. PartBusyError (errno EBUSY) where it is locked already; OSError.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        # Windows' open() follows every link.
        if not hasattr(os, "O_NOFOLLOW") and os.path.islink(path):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        file = os.fdopen(os.open(path, flags, 0o644), "r+b", buffering=0)
        try:
            _lock(file, path)
            # Between opening and locking, whoever had the lock before may have renamed or removed
            # the file.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), os.stat(path, follow_symlinks=False)):
                    return file
        except BaseException:
            file.close()
            raise
        file.close()


def _lock(file: FileIO, path: str) -> None:
    if not lock(file):
        raise PartBusyError(errno.EBUSY, "another push writes to it", path)


def read_blocks(file: FileIO, size: int) -> Iterator[memoryview]:
    """The next `size` bytes (fewer at the file's end) in blocks, all in the same memory."""
    buffer = memoryview(bytearray(min(READ_SIZE, max(size, 1))))
    while size > 0:
        count = file.readinto(buffer[: min(len(buffer), size)])
        if not count:
            return
        size -= count
        yield buffer[:count]


def sha256_of(file: FileIO, size: int) -> "HASH":
    """The SHA-256 object of the first `size` bytes (fewer at the file's end); moves behind them."""
    digest = hashlib.sha256()
    file.seek(0)
    for block in read_blocks(file, size):
        digest.update(block)
    return digest


def give_name(file: FileIO, part: str, target: str) -> None:
    """Flush a complete part file and rename it; `file` is the locked part, and is closed."""
    os.fsync(file.fileno())
    if os.name == "nt":
        file.close()  # Windows renames no open file
    os.replace(part, target)
    file.close()


BlockRange = TypedDict(  # Not a class, because "from" is a keyword
    "BlockRange",
    {"action": Literal["blocks"], "part": str, "block_size": int, "from": int, "count": int},
)


class Piece(TypedDict):
    """A piece to write; ``data`` in base64."""

    action: Literal["write"]
    part: str
    offset: int
    data: str


class Whole(TypedDict):
    """The complete file, and its final name."""

    action: Literal["finish"]
    part: str
    target: str
    size: int
    sha256: str


class Unneeded(TypedDict):
    """A part file to remove."""

    action: Literal["discard"]
    part: str


class Content(TypedDict):
    """The size of a part file, and the SHA-256 of each block that was asked for."""

    size: int
    blocks: list[str]


class Completion(TypedDict):
    """Whether a file has its final name."""

    complete: bool


def blocks(arguments: BlockRange) -> Content:
    """Say what a part file holds: hashes of at most ``count`` blocks from block ``from`` on.

    The file's last block may be shorter. A part file that doesn't exist has no bytes.
    """
    size, first = arguments["block_size"], arguments["from"]
    try:
        with open(arguments["part"], "rb", buffering=0) as file:
            length = os.fstat(file.fileno()).st_size
            file.seek(first * size)
            hashes: list[str] = []
            while len(hashes) < arguments["count"]:
                digest = hashlib.sha256()
                before = file.tell()
                for block in read_blocks(file, size):
                    digest.update(block)
                if file.tell() == before:
                    break
                hashes.append(digest.hexdigest())
            return {"size": length, "blocks": hashes}
    except FileNotFoundError:
        return {"size": 0, "blocks": []}


def write(arguments: Piece) -> int:
    """Write one piece at its offset; give the number of its bytes.

    Writing the same piece again changes nothing, so it may be sent twice.
    """
    data = binascii.a2b_base64(arguments["data"])
    with open_part(arguments["part"]) as file:
        file.seek(arguments["offset"])
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
    return len(data)


def finish(arguments: Whole) -> Completion:
    """Give a part file its name when size and hash are right; otherwise it stays a part."""
    size, sha256, target = arguments["size"], arguments["sha256"], arguments["target"]
    with open_part(arguments["part"]) as file:
        # Bytes behind the end come from an upload of something else under the same name.
        if os.fstat(file.fileno()).st_size > size:
            file.truncate(size)
        if os.fstat(file.fileno()).st_size == size and sha256_of(file, size).hexdigest() == sha256:
            give_name(file, arguments["part"], target)
            return {"complete": True}
    # Another push of the same wheel may have renamed the part file that both have written to. What
    # this push wrote after that is in a new part file, which nobody needs.
    complete = _is_whole(target, size, sha256)
    if complete:
        discard(arguments["part"])
    return {"complete": complete}


def _is_whole(path: str, size: int, sha256: str) -> bool:
    try:
        with open(path, "rb", buffering=0) as file:
            return (
                os.fstat(file.fileno()).st_size == size
                and sha256_of(file, size).hexdigest() == sha256
            )
    except FileNotFoundError:
        return False


def discard(part: str) -> None:
    """Remove a part file, unless a stream is being written to it."""
    with contextlib.suppress(PartBusyError), open_part(part) as file:
        if os.name == "nt":
            file.close()  # Windows removes no open file
        os.unlink(part)


def main(arguments: BlockRange | Piece | Whole | Unneeded) -> Content | Completion | int | None:
    """Do ``arguments["action"]``."""
    if arguments["action"] == "blocks":
        return blocks(arguments)
    if arguments["action"] == "write":
        return write(arguments)
    if arguments["action"] == "finish":
        return finish(arguments)
    if arguments["action"] == "discard":
        return discard(arguments["part"])
    raise ValueError(f"unknown action in {arguments!r}")
