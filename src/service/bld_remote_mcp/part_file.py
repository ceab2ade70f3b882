"""Part files: what a file is called while it comes in, and how it gets its name once it is whole.

The service writes streams into them. Sent as a script, this file also serves servers that only run
code: there, pieces come one by one. Nobody writes to a part file without holding its lock, so that
nothing can be written any more to a file that has its name already.
"""

import binascii
import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

if os.name == "nt":
    import msvcrt
else:
    import fcntl

READ_SIZE = 1 << 20
# File systems that have no locks, such as some network ones: nothing better can be had there.
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
# On Windows a lock keeps others from the bytes that it covers, so it covers one that is never used.
_LOCKED_BYTE = 1 << 62


class PartBusyError(OSError):
    """Another transfer writes to this part file."""


def open_part(path: str) -> BinaryIO:
    """Open a part file for reading and writing, made when it isn't there, and lock it.

    The lock ends with the file. PartBusyError (errno EBUSY) where another one holds it; OSError.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        file = os.fdopen(os.open(path, flags, 0o644), "r+b", buffering=0)
        try:
            _lock(file, path)
            # Between opening and locking, the one that had the lock may have given the file its
            # name, or removed it.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), os.stat(path, follow_symlinks=False)):
                    return file
        except BaseException:
            file.close()
            raise
        file.close()


def _lock(file: BinaryIO, path: str) -> None:
    try:
        if os.name == "nt":
            file.seek(_LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            raise PartBusyError(errno.EBUSY, "another push writes to it", path) from None
        raise


def read_blocks(file: BinaryIO, size: int) -> Iterator[memoryview]:
    """The next `size` bytes in blocks that are overwritten by the next; fewer where it ends."""
    buffer = memoryview(bytearray(min(READ_SIZE, max(size, 1))))
    while size > 0:
        count = file.readinto(buffer[: min(len(buffer), size)])
        if not count:
            return
        size -= count
        yield buffer[:count]


def sha256_of(file: BinaryIO, size: int) -> "hashlib._Hash":
    """The SHA-256 object of the first `size` bytes (fewer where it ends); stands behind them."""
    digest = hashlib.sha256()
    file.seek(0)
    for block in read_blocks(file, size):
        digest.update(block)
    return digest


def give_name(file: BinaryIO, part: str, target: str) -> None:
    """Flush a whole part file and give it its name; `file` is the locked part, and is closed."""
    os.fsync(file.fileno())
    if os.name == "nt":
        file.close()  # Windows renames no open file
    os.replace(part, target)
    file.close()


def blocks(arguments: dict[str, Any]) -> dict[str, Any]:
    """Say what a part file holds. Take ``{"part", "block_size", "from", "count"}``.

    Give ``{"size": int, "blocks": [sha256, …]}``: the hashes of at most ``count`` blocks from block
    ``from`` on, of which the file's last may be shorter. A part that isn't there has no bytes.
    """
    size, first = arguments["block_size"], arguments["from"]
    try:
        with open(arguments["part"], "rb", buffering=0) as file:
            length = os.fstat(file.fileno()).st_size
            file.seek(first * size)
            hashes = []
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


def write(arguments: dict[str, Any]) -> int:
    """Write one piece at its offset. Take ``{"part", "offset", "data"}`` (data in base64).

    Give the bytes written. Writing the same piece again changes nothing, so it may be sent twice.
    """
    data = binascii.a2b_base64(arguments["data"])
    with open_part(arguments["part"]) as file:
        file.seek(arguments["offset"])
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
    return len(data)


def finish(arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a part file its name when size and hash are right; otherwise it stays a part.

    Take ``{"part", "target", "size", "sha256"}``; give ``{"complete": bool}``.
    """
    size, sha256, target = arguments["size"], arguments["sha256"], arguments["target"]
    with open_part(arguments["part"]) as file:
        # What another content of the same name left behind the end.
        if os.fstat(file.fileno()).st_size > size:
            file.truncate(size)
        if os.fstat(file.fileno()).st_size == size and sha256_of(file, size).hexdigest() == sha256:
            give_name(file, arguments["part"], target)
            return {"complete": True}
    # Another push of the same wheel may have given its name to the part that both wrote; what this
    # one wrote since is a new part.
    complete = _is_whole(target, size, sha256)
    if complete:
        discard(arguments)
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


def discard(arguments: dict[str, Any]) -> None:
    """Remove a part file, unless a stream is being written to it. Take ``{"part"}``."""
    part = arguments["part"]
    with contextlib.suppress(PartBusyError), open_part(part) as file:
        if os.name == "nt":
            file.close()  # Windows removes no open file
        os.unlink(part)


ACTIONS = {"blocks": blocks, "write": write, "finish": finish, "discard": discard}


def main(arguments: dict[str, Any]) -> dict[str, Any] | int | None:
    """Do ``arguments["action"]``."""
    return ACTIONS[arguments["action"]](arguments)
