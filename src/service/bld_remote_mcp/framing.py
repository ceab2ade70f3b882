"""Finds where one JSON object ends and the next begins in a stream without delimiters."""

import re

_SPACE = re.compile(rb"[ \t\r\n]*")
# All of these match an empty text, too. The repetitions are bounded because the regex engine keeps
# state for each; longer data takes several matches. _PLAIN also takes whole strings that have no
# escapes, which is faster for many small ones. _STRING_REST leaves a backslash at the end of the
# data for the next match, with the character that it escapes.
_PLAIN = re.compile(rb'[^"{}]*(?:"[^"\\]*"[^"{}]*){0,1000}')
_STRING_REST = re.compile(rb'[^"\\]*(?:\\.[^"\\]*){0,1000}', re.DOTALL)

_QUOTE, _OPEN, _BACKSLASH = b'"{\\'


class FramingError(ValueError):
    """The stream can't be cut into messages any more; the text says why."""


class MessageBuffer:
    """Received bytes that no message has used yet. No byte is searched twice."""

    def __init__(self, limit: int) -> None:
        """`limit`: the most bytes that one message may have."""
        self._limit = limit
        self._data = bytearray()
        self._scanned = 0
        self._depth = 0
        self._in_string = False

    @property
    def pending(self) -> bool:
        """Whether the beginning of a message is waiting for its rest."""
        return bool(self._data)

    def feed(self, data: bytes) -> None:
        """Add bytes as they arrived, cut anywhere."""
        self._data += data

    def take_into(self, block: memoryview) -> int:
        """Move bytes that belong to no message into a block, as many as it takes; how many."""
        count = min(len(block), len(self._data))
        block[:count] = self._data[:count]
        del self._data[:count]
        return count

    def next_message(self) -> bytearray | None:
        """The next complete object's bytes, without space around it; None while it isn't complete.

        FramingError where the next thing is no object, or is one of more than `limit` bytes.
        """
        if self._scanned == 0 and not self._starts_object():
            return None
        end = self._find_end()
        if (end or len(self._data)) > self._limit:
            raise FramingError(f"the request has more than {self._limit} bytes")
        if end is None:
            return None
        message = self._data[:end]
        del self._data[:end]
        self._scanned = 0
        return message

    def _starts_object(self) -> bool:
        del self._data[: _match_end(_SPACE, self._data, 0)]
        if self._data and self._data[0] != _OPEN:
            raise FramingError(
                f"a request is one JSON object, but this begins with {bytes(self._data[:1])!r}"
            )
        return bool(self._data)

    def _find_end(self) -> int | None:
        data = self._data
        size = len(data)
        at = self._scanned
        while at < size:
            at = _match_end(_STRING_REST if self._in_string else _PLAIN, data, at)
            if at == size:
                break
            byte = data[at]
            if byte == _QUOTE:
                self._in_string = not self._in_string
            elif self._in_string:
                if byte == _BACKSLASH and at + 1 == size:
                    break
                continue  # The bounded repetition ended here, inside the string
            elif byte == _OPEN:
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth == 0:
                    return at + 1
            at += 1
        self._scanned = at
        return None


def _match_end(pattern: re.Pattern[bytes], data: bytearray, begin: int) -> int:
    match = pattern.match(data, begin)
    return begin if match is None else match.end()
