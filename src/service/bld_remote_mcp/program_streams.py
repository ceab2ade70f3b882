"""What a program finds as sys.stdin, sys.stdout and sys.stderr: text streams as Python's are."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Write = Callable[[str, bytes], None]
"""Takes what a program writes: the stream, "stdout" or "stderr", and the bytes."""


class ProgramStreams:
    """The three streams of one program. What it writes is handed on at once, in order."""

    def __init__(self, write: Write) -> None:
        """`write` is called on whichever thread writes, until finish()."""
        self._write = write
        self._sinks = [_Sink(name, write) for name in ("stdout", "stderr")]
        # What Python's UTF-8 mode does, in which Blender's Python runs.
        self._stdout = _text(self._sinks[0], "surrogateescape")
        self._stderr = _text(self._sinks[1], "backslashreplace")
        # Its own, because exit() closes it; and input() must not wait for a terminal of Blender's.
        self._stdin = _with_mode(io.TextIOWrapper(_Empty(), "utf-8", "surrogateescape"), "r")

    @contextmanager
    def in_place(self) -> Generator[None]:
        """Sets sys.stdin, stdout and stderr, and what sys.__stdout__ is called; puts them back."""
        names = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")
        before = {name: getattr(sys, name, None) for name in names}
        streams = (self._stdin, self._stdout, self._stderr)
        for name, stream in zip(names, streams + streams, strict=True):
            setattr(sys, name, stream)
        try:
            yield
        finally:
            for name, stream in before.items():
                setattr(sys, name, stream)

    def fresh_stderr(self) -> io.TextIOWrapper:
        """One more stderr, for a program that has closed its own."""
        self._sinks.append(_Sink("stderr", self._write))
        return _text(self._sinks[-1], "backslashreplace")

    def finish(self) -> None:
        """End the program's output: what is written from now on goes where Blender's own goes."""
        for stream in (self._stdout, self._stderr):
            with suppress(ValueError, OSError):  # The program may have closed it
                stream.flush()
        for sink in self._sinks:
            sink.finished = True


def _text(sink: _Sink, errors: str) -> io.TextIOWrapper:
    # write_through: nothing waits in a buffer, so that stdout and stderr keep their order.
    stream = io.TextIOWrapper(sink, "utf-8", errors, newline="\n", write_through=True)
    return _with_mode(stream, "w")


def _with_mode(stream: io.TextIOWrapper, mode: str) -> io.TextIOWrapper:
    # Python sets it so for its own streams; io.TextIOWrapper by itself has none.
    vars(stream)["mode"] = mode
    return stream


class _Empty(io.BytesIO):
    name = "<stdin>"

    def writable(self) -> bool:
        return False


class _Sink(io.BufferedIOBase):
    """The `buffer` of a stream, which programs may write bytes to."""

    mode = "wb"

    def __init__(self, name: str, write: Write) -> None:
        super().__init__()
        self.name = f"<{name}>"
        self.finished = False
        self._stream = name
        self._write = write
        self._real = getattr(sys, f"__{name}__")

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """The descriptor of Blender's own stream: for subprocesses and the like, not captured."""
        if self._real is None:  # Blender on Windows without a console
            raise io.UnsupportedOperation("fileno")
        return self._real.fileno()

    def write(self, data: ReadableBuffer, /) -> int:
        written = bytes(data)
        if self.finished:
            self._write_late(written)
        else:
            self._write(self._stream, written)
        return len(written)

    def _write_late(self, data: bytes) -> None:
        # A logging handler or a thread of the program still holds this stream. It goes to what runs
        # now, else to Blender's own output.
        now = getattr(sys, self._stream, None)
        if now is None or getattr(now, "buffer", None) is self:
            now = self._real
        if now is not None:
            now.write(data.decode("utf-8", "replace"))
