"""Finds where one JSON object ends and the next begins in a stream without delimiters.

It counts what the object is made of while its bytes come, so that what would take long to parse is
refused before that.
"""

import mmap
import re

from .limits import MIB, RequestLimits

_SPACE = re.compile(rb"[ \t\r\n]*")
_BRACKET = re.compile(rb"[\[\]{}]")
# It matches an empty text, too. The repetition is bounded because the regex engine keeps state for
# each; longer data takes several matches. A backslash at the end of the data is left for the next
# match, with the character that it escapes.
_STRING_REST = re.compile(rb'[^"\\]*(?:\\.[^"\\]*){0,1000}', re.DOTALL)
# What follows a short string, up to the next one: many of them in one match. Strings that are long
# or have escapes would be searched twice.
_SHORT_STRINGS = re.compile(rb'(?:[^"\\]{0,100}"[ \t\r\n]*[,:][ \t\r\n]*"){1,1000}')

# From this size on, memory that goes back to the system when nobody needs it any more: the C
# library keeps what it has given to a thread, and each client has a thread.
_LARGE = 1 * MIB
_ROOM = 2 * MIB

_QUOTE, _OPEN, _BACKSLASH = b'"{\\'


class FramingError(ValueError):
    """The stream can't be cut into messages any more; the text says why."""


class MessageBuffer:
    """Received bytes that no message has used yet. No byte is searched twice."""

    def __init__(self, limits: RequestLimits, size_limit: int | None = None) -> None:
        """`limits`: of each message; `size_limit`: bytes, where it is another than in `limits`."""
        self._limits = limits
        self.size_limit = limits.size if size_limit is None else size_limit
        """The most bytes that one message may have; may be changed between messages."""
        self._data: bytearray | mmap.mmap = bytearray()
        self._size = 0
        self._begin()

    def _begin(self) -> None:
        self._scanned = 0
        self._in_string = False
        # Braces alone decide where a message ends, brackets count for how deep it is.
        self._braces = 0
        self._depth = 0
        self._signs = 0
        self._strings = 0
        self._escapes = 0

    @property
    def pending(self) -> bool:
        """Whether the beginning of a message is waiting for its rest."""
        return self._size > 0

    def __len__(self) -> int:
        """How many bytes wait."""
        return self._size

    def feed(self, data: bytes) -> None:
        """Add bytes as they arrived, cut anywhere."""
        size = self._size + len(data)
        if size > _LARGE and size > self._room():
            larger = mmap.mmap(-1, max(self.size_limit, size) + _ROOM)
            larger[: self._size] = self._data[: self._size]
            self._data = larger
        if isinstance(self._data, bytearray):
            self._data += data
        else:
            self._data[self._size : size] = data
        self._size = size

    def _room(self) -> int:
        return 0 if isinstance(self._data, bytearray) else len(self._data)

    def take_into(self, block: memoryview) -> int:
        """Move bytes that belong to no message into a block, as many as it takes; how many."""
        count = min(len(block), self._size)
        block[:count] = self._data[:count]
        self._drop(count)
        return count

    def _drop(self, count: int) -> None:
        if isinstance(self._data, bytearray):
            del self._data[:count]
        else:
            self._data = bytearray(self._data[count : self._size])
        self._size -= count

    def next_message(self) -> bytes | memoryview | None:
        """The next complete object's bytes, without space around it; None while it isn't complete.

        FramingError where the next thing is no object, or is one beyond the limits.
        """
        if self._scanned == 0 and not self._starts_object():
            return None
        end = self._find_end()
        if (end or self._size) > self.size_limit:
            raise FramingError(f"the request has more than {self.size_limit} bytes")
        if end is None:
            return None
        data = self._data
        # A large one keeps its memory; what comes after it is little.
        message = bytes(data[:end]) if isinstance(data, bytearray) else memoryview(data)[:end]
        self._drop(end)
        self._begin()
        return message

    def _starts_object(self) -> bool:
        if space := _match_end(_SPACE, self._data, 0, self._size):
            self._drop(space)
        if self._size > 0 and self._data[0] != _OPEN:
            raise FramingError(
                f"a request is one JSON object, but this begins with {bytes(self._data[:1])!r}"
            )
        return self._size > 0

    def _find_end(self) -> int | None:
        size = self._size
        at = self._scanned
        while at < size:
            if self._in_string:
                at, whole = self._skip_string(at)
                if not whole:
                    break
            else:
                quote = self._data.find(b'"', at, size)
                until = size if quote < 0 else quote
                if (end := self._look_between(at, until)) is not None:
                    return end
                at = until
                if at < size:
                    at += 1
                    self._in_string = True
                    self._strings += 1
        self._scanned = at
        return None

    def _skip_string(self, at: int) -> tuple[int, bool]:
        """The index behind a string, or from where to look on; whether that is there already."""
        data, size = self._data, self._size
        if (short := _SHORT_STRINGS.match(data, at, size)) is not None:
            at = short.end()
            count = short[0].count(b'"') // 2
            self._strings += count
            self._signs += count
            if self._strings > self._limits.values:
                raise FramingError(f"the request has more than {self._limits.values} values")
            return at, True
        begin = at
        while True:
            at = _match_end(_STRING_REST, data, at, size)
            if at == size or (data[at] == _BACKSLASH and at + 1 == size):
                break
            if data[at] == _QUOTE:
                self._in_string = False
                break
            # The bounded repetition ended here, inside the string
        # One that is escaped begins no escape.
        self._escapes += self._count(b"\\", begin, at) - self._count(b"\\\\", begin, at)
        if self._escapes > self._limits.escapes:
            raise FramingError(f"the request has more than {self._limits.escapes} escapes")
        return (at, False) if self._in_string else (at + 1, True)

    def _look_between(self, begin: int, until: int) -> int | None:
        """Count what stands between two strings; the message's end, if it is there."""
        data, limits = self._data, self._limits
        for found in _BRACKET.finditer(data, begin, until):
            byte = found[0]
            if byte in b"[{":
                self._depth += 1
                self._signs += 1
                self._braces += byte == b"{"
                if self._depth > limits.depth:
                    raise FramingError(f"the request is nested more than {limits.depth} deep")
                if self._signs > limits.values:
                    break
            else:
                self._depth -= 1
                self._braces -= byte == b"}"
                if self._braces == 0 and byte == b"}":
                    until = found.end()
                    break
        self._signs += self._count(b",", begin, until) + self._count(b":", begin, until)
        # Two strings in a row are no JSON, but cost time as well.
        if max(self._signs, self._strings) > limits.values:
            raise FramingError(f"the request has more than {limits.values} values")
        return until if self._braces == 0 else None

    def _count(self, what: bytes, begin: int, until: int) -> int:
        data = self._data
        if isinstance(data, bytearray):
            return data.count(what, begin, until)
        return data[begin:until].count(what)  # At most what has just come


def _match_end(
    pattern: re.Pattern[bytes], data: bytearray | mmap.mmap, begin: int, end: int
) -> int:
    match = pattern.match(data, begin, end)
    return begin if match is None else match.end()
