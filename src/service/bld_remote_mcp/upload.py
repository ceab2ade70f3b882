"""Receives one file from a connection into a part file, on the connection's own thread.

The request names the part file, the target, the size and the offset of the first byte to come. The
raw bytes from this offset to the size follow, then the SHA-256 of the whole file, which the sender
computed meanwhile, as 64 hexadecimal digits. The file gets the target's name only if both ends have
computed the same hash.
"""

import contextlib
import errno
import hashlib
import mmap
import os
from collections.abc import Callable
from io import FileIO
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from .answers import CommandError
from .params import Params
from .part_file import Part, PartBusyError, open_part, sha256_of
from .uncached import Uncached
from .upload_folder import PlaceError, require_pair

if TYPE_CHECKING:
    from _hashlib import HASH

# Large, because with a busy main thread each step waits some milliseconds for Python's global lock.
BLOCK_SIZE = 2 * 1024 * 1024
BLOCKS = 4
# Written data is flushed to the disk while more comes in. So little is left to flush at the end,
# and the system never pauses the writer because too much has gathered.
_FLUSH_EVERY = 16 * 1024 * 1024
_DIGEST_LENGTH = 64
# No file system has larger files, and no system call takes more.
_MOST = (1 << 63) - 1

ReadInto = Callable[[memoryview], int]
"""Fills a buffer; gives the number of bytes, below its length only where the sender has ended."""

_Queue = SimpleQueue["tuple[memoryview, int] | None"]
"""Blocks for the next step, each with the number of its bytes that are used; None is the end."""


class UploadError(CommandError):
    """The transfer failed; the bytes of it that may still come in are to be ignored."""


class Upload:
    """One file on its way."""

    def __init__(self, params: Params) -> None:
        """Take ``{"part", "target", "size", "offset", "digest"}``; UploadError if one is wrong.

        ``digest``: SHA-256 of the other four as text, a line each, in this order.
        """
        self._part = _path(params, "part")
        self._target = _path(params, "target")
        self._size = _count(params, "size")
        self._offset = _count(params, "offset")
        try:
            require_pair(self._part, self._target)
        except PlaceError as error:
            raise UploadError(str(error)) from None
        lines = f"{self._part}\n{self._target}\n{self._size}\n{self._offset}"
        digest = hashlib.sha256(lines.encode("utf-8", "replace")).hexdigest()
        if params.get("digest") != digest:
            raise UploadError("the request was damaged on its way", mismatch=True)
        if self._offset > self._size:
            raise UploadError(f"offset {self._offset} is beyond size {self._size}")

    def receive(self, read_into: ReadInto) -> dict[str, object]:
        """Take the bytes; give ``{"sha256", "size", "identity"}`` (`identity_of` of the file).

        UploadError: with ``errno`` and ``path`` for the system's errors (EBUSY where another push
        writes to the part, EPERM where part or target isn't ours to write, ENOSPC before the first
        byte where the disk hasn't room for all), ``ended`` where the sender, or this service, went
        away, ``mismatch`` where the two ends' hashes differ, ``changed`` where the part is shorter
        than the offset. The part stays, for the next attempt, except where the disk was full.
        """
        try:
            with open_part(self._part) as part:
                try:
                    return self._receive(part, read_into)
                except OSError as error:
                    if error.errno in (errno.ENOSPC, errno.EDQUOT):
                        with contextlib.suppress(OSError):
                            part.remove()
                    raise
        except PartBusyError as error:
            raise _failure(error) from None
        except OSError as error:
            raise _failure(error) from error

    def _receive(self, part: Part, read_into: ReadInto) -> dict[str, object]:
        file = part.file
        digest = sha256_of(file, self._offset)
        if file.tell() < self._offset:
            raise UploadError(
                f"the part has {file.tell()} bytes, fewer than offset {self._offset}", changed=True
            )
        file.truncate(self._offset)
        part.require_room(self._size - self._offset)
        _Writer(file, digest, self._size - self._offset).run(read_into)
        theirs = memoryview(bytearray(_DIGEST_LENGTH))
        if read_into(theirs) < _DIGEST_LENGTH:
            raise UploadError("the connection ended before the hash", ended=True)
        ours = digest.hexdigest()
        if bytes(theirs) != ours.encode("ascii"):
            raise UploadError(
                "the bytes that arrived have another SHA-256 than those that were sent",
                mismatch=True,
            )
        return {"sha256": ours, "size": self._size, "identity": part.give_name(self._target)}


class _Writer:
    """Reads blocks on its caller's thread; if they are many, two other threads hash and write."""

    def __init__(self, file: FileIO, digest: "HASH", size: int) -> None:
        self._file = file
        self._write = file.write
        self._digest = digest
        self._left = size
        self._unflushed = 0
        self._flushing: Thread | None = None
        self._error: BaseException | None = None

    def run(self, read_into: ReadInto) -> None:
        if self._left <= BLOCK_SIZE:
            block = memoryview(bytearray(self._left))
            block = block[: self._read(read_into, block)]
            self._digest.update(block)
            self._take(block)
        else:
            self._run_threads(read_into)
        if self._error is not None:
            raise self._error
        if self._left > 0:
            raise UploadError(f"the connection ended with {self._left} bytes to come", ended=True)

    def _run_threads(self, read_into: ReadInto) -> None:
        free: _Queue = SimpleQueue()
        arrived: _Queue = SimpleQueue()
        hashed: _Queue = SimpleQueue()
        uncached = Uncached(self._file)
        self._write = uncached.write
        for _ in range(BLOCKS):
            free.put((memoryview(mmap.mmap(-1, BLOCK_SIZE)), 0))  # Aligned
        steps = ((self._digest.update, arrived, hashed), (self._take, hashed, free))
        threads = [
            Thread(target=self._each, args=step, name="bld_remote upload", daemon=True)
            for step in steps
        ]
        for thread in threads:
            thread.start()
        try:
            while self._left > 0 and self._error is None and (item := free.get()) is not None:
                block, _ = item
                expected = min(len(block), self._left)
                count = self._read(read_into, block[:expected])
                arrived.put((block, count))
                if count < expected:
                    break
        finally:
            arrived.put(None)
            for thread in threads:
                thread.join()
            if self._flushing is not None:
                self._flushing.join()

    def _each(self, work: Callable[[memoryview], None], come: "_Queue", go: "_Queue") -> None:
        while (item := come.get()) is not None:
            block, count = item
            try:
                if self._error is None:
                    work(block[:count])
            except BaseException as error:
                self._error = error
            go.put(item)
        go.put(None)

    def _read(self, read_into: ReadInto, block: memoryview) -> int:
        count = read_into(block) if block else 0
        self._left -= count
        return count

    def _take(self, block: memoryview) -> None:
        while block:
            written = self._write(block)
            self._unflushed += written
            block = block[written:]
        if self._unflushed >= _FLUSH_EVERY and not self._is_flushing():
            self._unflushed = 0
            self._flushing = Thread(target=self._flush, name="bld_remote flush", daemon=True)
            self._flushing.start()

    def _is_flushing(self) -> bool:
        return self._flushing is not None and self._flushing.is_alive()

    def _flush(self) -> None:
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            self._error = error  # The system reports it only once


def _failure(error: OSError) -> UploadError:
    name = None if error.errno is None else errno.errorcode.get(error.errno)
    return UploadError(error.strerror or str(error), errno=name, path=error.filename)


def _path(params: Params, name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not os.path.isabs(value):
        raise UploadError(f"{name} must be an absolute path, not {value!r}")
    return value


def _count(params: Params, name: str) -> int:
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        raise UploadError(f"{name} must be a number of bytes, not {value!r}")
    return value
