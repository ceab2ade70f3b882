"""What running code writes, in order and bounded, for readers who come meanwhile or later."""

import os
import tempfile
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from .descriptors import identity

LIMIT = 256 * 1024 * 1024
"""Bytes that are kept of one run; of more the oldest go first."""
_IN_MEMORY = 512 * 1024
_PIECE = 64 * 1024
_READ = 256 * 1024
_STREAMS = ("stdout", "stderr")
_HEADER = 5  # The stream's number in one byte, and the length in four


@dataclass(frozen=True)
class LoggedOutput:
    """What a reader gets."""

    chunks: list[tuple[str, bytes]]
    """Stream and bytes, in the order of writing; 256 KiB at most."""
    offset: int
    """Where to read on."""
    begins_at: dict[str, int] | None
    """Where something older was dropped: how many bytes of each stream came before the chunks."""


# Code may have replaced it when it is called.
_SpooledFile = tempfile.SpooledTemporaryFile
_lost_files: "list[tempfile.SpooledTemporaryFile[bytes]]" = []


@dataclass
class _Segment:
    """A part of the log. It is in memory while small, then in a temporary file."""

    begins: int
    written: dict[str, int]
    """Bytes of each stream before it."""
    size: int = 0
    identity: "tuple[int, int] | None" = None
    """Of its file, once there is one."""
    file: "tempfile.SpooledTemporaryFile[bytes]" = field(
        default_factory=lambda: _SpooledFile(_IN_MEMORY)
    )

    @property
    def lost(self) -> bool:
        """Whether code has closed its descriptor, which may be a file of the code's own by now."""
        return self.identity is not None and identity(self.file.fileno()) != self.identity

    def close(self) -> None:
        """Give the file back; a lost one is kept, because to close it would close another's."""
        if self.lost:
            _lost_files.append(self.file)
        else:
            self.file.close()


class OutputLog:
    """Two segments at most: when both are full the older one goes. Any thread writes and reads."""

    def __init__(self, limit: int = LIMIT) -> None:
        """`limit`: bytes that are kept, with a few for each piece."""
        self._segment_limit = limit // 2
        # C code, so that no interruption of the writing thread leaves it locked; reentrant, because
        # writing may run a __del__ that prints.
        self._lock = threading.RLock()
        self._written: dict[str, int] = dict.fromkeys(_STREAMS, 0)
        self._segments = deque([_Segment(0, dict(self._written))])
        # What was written last, not in a segment yet: print() writes every line in two parts.
        self._stream, self._piece = _STREAMS[0], bytearray()
        self._waiting: list[threading.Lock] = []
        self._ended = False
        self._process = os.getpid()

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return sum(segment.size for segment in self._segments) + len(self._piece)

    def write(self, stream: str, data: bytes) -> None:
        """Add what was written to "stdout" or "stderr"."""
        if os.getpid() != self._process:
            _write_in_child(stream, data)
            return
        with self._lock:
            if stream != self._stream or len(self._piece) + len(data) > _PIECE:
                self._store_piece()
                self._stream = stream
            if len(data) <= _PIECE:
                self._piece += data
            else:
                for begin in range(0, len(data), _PIECE):
                    self._piece += data[begin : begin + _PIECE]
                    self._store_piece()
            if self._waiting:
                self._wake()

    def end(self) -> None:
        """Nothing more comes: readers needn't wait."""
        with self._lock:
            self._ended = True
            self._wake()

    def drop(self) -> None:
        """Forget what is kept; a reader hears how much there was."""
        with self._lock:
            self._store_piece()
            self._begin_segment(keep=False)

    def read(self, offset: int, seconds: float) -> LoggedOutput:
        """What comes from `offset` on; waits for it up to `seconds`, or until end().

        ValueError for an offset that no read() has given.
        """
        gate = threading.Lock()
        gate.acquire()
        with self._lock:
            self._store_piece()
            waits = offset >= self._end and not self._ended and seconds > 0
            if waits:
                self._waiting.append(gate)
        if waits:
            gate.acquire(timeout=seconds)
        with self._lock:
            if gate in self._waiting:
                self._waiting.remove(gate)
            self._store_piece()
            return self._read(offset)

    @property
    def _end(self) -> int:
        last = self._segments[-1]
        return last.begins + last.size

    def _store_piece(self) -> None:
        """Put the last piece into the last segment.

        An interruption of the code that writes may come at every call in here: what is stored
        changes by the one assignment at the end, else the piece is stored again.
        """
        if not self._piece:
            return
        self._drop_if_lost()
        if self._segments[-1].size >= self._segment_limit:
            self._begin_segment(keep=True)
        length, segment, fresh = len(self._piece), self._segments[-1], bytearray()
        written = self._written[self._stream] + length
        frame = bytes([_STREAMS.index(self._stream)]) + length.to_bytes(4, "big") + self._piece
        size = segment.size + len(frame)
        try:
            segment.file.seek(segment.size)
            segment.file.write(frame)
            # Here, not when the file is read, it turns out that the disk is full.
            segment.file.flush()
            if size > _IN_MEMORY and segment.identity is None:
                segment.identity = identity(segment.file.fileno())
        except OSError:  # From now on in memory, and less
            self._written[self._stream], self._piece = written, fresh
            self._segment_limit = min(self._segment_limit, _IN_MEMORY - 2 * _PIECE)
            self._begin_segment(keep=False)
            return
        self._written[self._stream], segment.size, self._piece = written, size, fresh

    def _begin_segment(self, *, keep: bool) -> None:
        # A reader at the end of what is dropped must see that something went, too.
        self._segments.append(_Segment(self._end + (not keep), dict(self._written)))
        while len(self._segments) > (2 if keep else 1):
            with suppress(OSError):  # The disk is full, and what is being closed had to be written
                self._segments[0].close()
            self._segments.popleft()

    def _drop_if_lost(self) -> None:
        if any(segment.lost for segment in self._segments):
            self._begin_segment(keep=False)

    def _read(self, offset: int) -> LoggedOutput:
        self._drop_if_lost()
        oldest = self._segments[0]
        begins_at = None
        if offset < oldest.begins:
            offset, begins_at = oldest.begins, dict(oldest.written)
        chunks: list[tuple[str, bytes]] = []
        for segment in self._segments:
            at = offset - segment.begins
            if not 0 <= at < segment.size:
                continue
            segment.file.seek(at)
            data = segment.file.read(min(_READ, segment.size - at))
            used = _split(data, chunks)
            if used == 0:
                raise ValueError(f"offset {offset} is none of those that answers have given")
            offset = segment.begins + at + used
            break
        return LoggedOutput(chunks, offset, begins_at)

    def _wake(self) -> None:
        while self._waiting:
            self._waiting.pop().release()


def _split(data: bytes, chunks: list[tuple[str, bytes]]) -> int:
    """Add the whole frames at the beginning of the data to the chunks; how many bytes these are.

    Neighbours of the same stream become one chunk.
    """
    at = 0
    parts: list[bytes] = []
    current = -1
    while at + _HEADER <= len(data):
        stream = data[at]
        end = at + _HEADER + int.from_bytes(data[at + 1 : at + _HEADER], "big")
        if end > len(data):
            break
        if stream != current and parts:
            chunks.append((_STREAMS[current], b"".join(parts)))
            parts = []
        current = stream
        parts.append(data[at + _HEADER : end])
        at = end
    if parts:
        chunks.append((_STREAMS[current], b"".join(parts)))
    return at


def _write_in_child(stream: str, data: bytes) -> None:
    """A forked child of the code has a log of its own: its output goes where Blender's goes."""
    with suppress(OSError):
        os.write(1 if stream == "stdout" else 2, data)
