"""sys.stdout and sys.stderr as text in memory, bounded."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class CapturedStream(io.TextIOBase):
    """A text stream that keeps its first `limit` characters and counts the rest."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, attribute: str, limit: int) -> None:
        """`attribute`: the stream's name in sys, "stdout" or "stderr"."""
        super().__init__()
        self._attribute = attribute
        self.name = f"<{attribute}>"
        self._limit = limit
        self._kept = io.StringIO(newline="")
        self._room = limit
        self._finished = False
        self.dropped = 0
        self.buffer = _BytesSide(self)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: object) -> int:
        """Keep as much of a string as still fits; TypeError for anything else.

        After finish(), the string goes to the stream that sys has now.
        """
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._finished:
            return self._write_late(text)
        # Below zero where threads of the user's code have written at the same time.
        room = max(self._room, 0)
        kept = text if len(text) <= room else text[:room]
        self._kept.write(kept)
        self._room -= len(kept)
        self.dropped += len(text) - len(kept)
        return len(text)

    def reconfigure(self, **_options: object) -> None:
        """Accepted, as of a real stdout, without effect: nothing is encoded here."""

    def finish(self) -> str:
        """End the capture; the kept text, with a last line that says how much was dropped."""
        self._finished = True
        text = self._kept.getvalue()
        self._kept = io.StringIO()
        if self.dropped:
            text += f"\n[output truncated after {self._limit} characters: {self.dropped} dropped]\n"
        return text

    def _write_late(self, text: str) -> int:
        # A logging handler or a thread of earlier code still holds this stream.
        now = getattr(sys, self._attribute)
        if isinstance(now, CapturedStream) and not now._finished:
            return now.write(text)
        real = getattr(sys, f"__{self._attribute}__")
        return len(text) if real is None else real.write(text)


class _BytesSide(io.BufferedIOBase):
    """The `buffer` of a captured stream: decodes bytes into the same text."""

    def __init__(self, text_side: CapturedStream) -> None:
        super().__init__()
        self._text_side = text_side
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        content = bytes(data)
        self._text_side.write(self._decoder.decode(content))
        return len(content)


@contextmanager
def captured(limit: int) -> Generator[tuple[CapturedStream, CapturedStream]]:
    """sys.stdout and sys.stderr captured, `limit` characters each; restored whatever happens."""
    saved = sys.stdout, sys.stderr
    streams = CapturedStream("stdout", limit), CapturedStream("stderr", limit)
    sys.stdout, sys.stderr = streams
    try:
        yield streams
    finally:
        sys.stdout, sys.stderr = saved
