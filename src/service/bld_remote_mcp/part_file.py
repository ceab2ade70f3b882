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
import stat
from collections.abc import Iterator
from io import FileIO
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from _hashlib import HASH

from .file_lock import lock
from .upload_folder import ForeignFileError, UploadFolder, identity_of, place_of, require_pair

READ_SIZE = 1 << 20

SWAPPED = "another file was put in the place of what was sent"
TAKEN = "what has its name is no plain file"


class PartBusyError(OSError):
    """Another transfer writes to this part file."""


class Part:
    """An open part file, whose lock it holds until it is closed."""

    def __init__(self, file: FileIO, folder: UploadFolder, name: str) -> None:
        """Take an open file of an open folder; both are closed with this."""
        self.file = file
        self._folder = folder
        self._name = name

    def __enter__(self) -> "Part":
        """Nothing is done."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Unlock and close it; again is no error."""
        self.file.close()
        self._folder.close()

    def remove(self) -> None:
        """Remove the file, if it still has its name, and close it; OSError."""
        if self._folder.is_still(self.file, self._name):
            if os.name == "nt":
                self.file.close()  # Windows removes no open file
            self._folder.unlink(self._name)
        self.close()

    def require_room(self, size: int) -> None:
        """Stop with errno ENOSPC where the disk hasn't room for so many more bytes."""
        free = self._folder.free_bytes()
        if free is not None and size > free:
            why = f"{size} bytes are to come, and {free} are free"
            raise OSError(errno.ENOSPC, why, self._folder.named(self._name))

    def give_name(self, target: str) -> str:
        """Flush a complete part file, rename it and close it; give its `identity_of`.

        Those who may read the folder may read it, nobody else may write to it. ForeignFileError
        where another file was put in its place meanwhile, which then has no name either;
        FileExistsError where something has the target's name that is neither a plain file nor a
        link, which is replaced itself; OSError.
        """
        folder, new = self._folder, os.path.basename(target)
        os.fsync(self.file.fileno())
        there = self._named(new)
        # Of a link only the link is replaced.
        if there is not None and not (stat.S_ISREG(there.st_mode) or stat.S_ISLNK(there.st_mode)):
            raise FileExistsError(errno.EEXIST, TAKEN, target)
        if not os.path.samestat(os.fstat(self.file.fileno()), folder.lstat(self._name)):
            raise ForeignFileError(folder.named(self._name), SWAPPED)
        if os.name != "nt":
            # A drive may have rights of its own.
            with contextlib.suppress(PermissionError):
                os.fchmod(self.file.fileno(), folder.reading_rights())
        ours = os.fstat(self.file.fileno())
        if os.name == "nt":
            self.file.close()  # Windows renames no open file
        folder.replace(self._name, new)
        named = self._named(new)
        if named is None or not os.path.samestat(ours, named):
            if named is not None:
                with contextlib.suppress(OSError):
                    folder.unlink(new)
            raise ForeignFileError(target, SWAPPED)
        self.close()
        return identity_of(named)

    def _named(self, name: str) -> os.stat_result | None:
        try:
            return self._folder.lstat(name)
        except FileNotFoundError:
            return None


def open_part(path: str) -> Part:
    """Open and lock a part file for reading and writing; create it where it doesn't exist.

    PlaceError for what can't be one; PartBusyError (errno EBUSY) where it is locked already;
    ForeignFileError where it isn't this user's own plain file; OSError.
    """
    where, name = place_of(path, part=True)
    try:
        folder = UploadFolder(where)
    except OSError as error:
        error.filename = path
        raise
    try:
        while True:
            file = folder.opened(name) or folder.made(name)
            if file is None:
                continue  # Another push made it just now
            try:
                _lock(file, path)
                # Between opening and locking, whoever had the lock before may have renamed or
                # removed the file.
                if folder.is_still(file, name):
                    return Part(file, folder, name)
            except BaseException:
                file.close()
                raise
            file.close()
    except BaseException:
        folder.close()
        raise


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


BlockRange = TypedDict(  # Not a class, because "from" is a keyword
    "BlockRange",
    {"action": Literal["blocks"], "part": str, "block_size": int, "from": int, "count": int},
)


class Piece(TypedDict):
    """A piece to write, of a file of so many bytes; ``data`` in base64."""

    action: Literal["write"]
    part: str
    offset: int
    size: int
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
    """Whether a file has its final name, and which file that is (`identity_of`)."""

    complete: bool
    identity: str | None


def blocks(arguments: BlockRange) -> Content:
    """Say what a part file holds: hashes of at most ``count`` blocks from block ``from`` on.

    The file's last block may be shorter. A part file that doesn't exist has no bytes, nor has one
    that nobody may continue. An empty path is none: it only brings this script.
    """
    size, first = arguments["block_size"], arguments["from"]
    file = _opened(arguments["part"], part=True) if arguments["part"] else None
    if file is None:
        return {"size": 0, "blocks": []}
    with file:
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


def _opened(path: str, *, part: bool) -> FileIO | None:
    where, name = place_of(path, part=part)
    try:
        folder = UploadFolder(where)
    except FileNotFoundError:
        return None
    with contextlib.closing(folder):
        try:
            return folder.opened(name)
        except ForeignFileError:
            return None


def write(arguments: Piece) -> int:
    """Write one piece at its offset; give the number of its bytes.

    Writing the same piece again changes nothing, so it may be sent twice. ValueError where it isn't
    a piece of a file of that size.
    """
    data = binascii.a2b_base64(arguments["data"])
    offset, size = arguments["offset"], arguments["size"]
    for value in (offset, size):
        if type(value) is not int or value < 0:
            raise ValueError(f"a piece begins at a number of bytes, not {value!r}")
    if offset + len(data) > size:
        raise ValueError(f"a piece at {offset} of {len(data)} bytes goes beyond size {size}")
    with open_part(arguments["part"]) as part:
        part.file.seek(offset)
        view = memoryview(data)
        while view:
            view = view[part.file.write(view) :]
    return len(data)


def finish(arguments: Whole) -> Completion:
    """Give a part file its name when size and hash are right; otherwise it stays a part."""
    size, sha256, target = arguments["size"], arguments["sha256"], arguments["target"]
    require_pair(arguments["part"], target)
    with open_part(arguments["part"]) as part:
        file = part.file
        # Bytes behind the end come from an upload of something else under the same name.
        if os.fstat(file.fileno()).st_size > size:
            file.truncate(size)
        if os.fstat(file.fileno()).st_size == size and sha256_of(file, size).hexdigest() == sha256:
            return {"complete": True, "identity": part.give_name(target)}
    # Another push of the same wheel may have renamed the part file that both have written to. What
    # this push wrote after that is in a new part file, which nobody needs.
    identity = _whole(target, size, sha256)
    if identity is not None:
        discard(arguments["part"])
    return {"complete": identity is not None, "identity": identity}


def _whole(path: str, size: int, sha256: str) -> str | None:
    """The identity of a file that has this size and hash."""
    file = _opened(path, part=False)
    if file is None:
        return None
    with file:
        info = os.fstat(file.fileno())
        if info.st_size != size or sha256_of(file, size).hexdigest() != sha256:
            return None
        return identity_of(info)


def discard(part: str) -> None:
    """Remove a part file, unless a stream is being written to it, or it isn't ours."""
    with contextlib.suppress(PartBusyError, ForeignFileError), open_part(part) as opened:
        opened.remove()


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
