"""The service's sockets: nothing that user code does to Python, or by forking, reaches them."""

import _socket
import os
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

try:
    import fcntl
    from _socket import socketpair
except ImportError:  # Windows, where a socket is no descriptor
    from socket import socketpair

    fcntl = None

from .descriptors import identity

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# Without it, on a system that doesn't ignore SIGPIPE, a client that goes away ends Blender.
_NO_SIGNAL: int = getattr(_socket, "MSG_NOSIGNAL", 0)
_MACOS_NO_SIGPIPE = 0x1022  # SO_NOSIGPIPE, which Python doesn't name

_close = os.close

_held: set["Socket"] = set()


class Socket(_socket.socket):
    """A socket by a descriptor that is known again.

    Made from the C class, whose methods can't be replaced, and by adopt() only.
    """

    _identity: tuple[int, int] | None = None
    _patience: dict[int, float] | None = None

    @classmethod
    def adopt(cls, number: int) -> "Socket":
        """Take over a socket's descriptor; one of 0 to 2, to which Blender prints, is changed."""
        made = cls(fileno=_above_standard(number))
        if fcntl is not None:
            made._identity = _identity(made.fileno())
        if sys.platform == "darwin":
            with suppress(OSError):
                made.setsockopt(_socket.SOL_SOCKET, _MACOS_NO_SIGPIPE, 1)
        _held.add(made)
        return made

    @property
    def lost(self) -> bool:
        """Whether the descriptor has been closed by somebody else, or is another file's now."""
        if self.fileno() < 0:
            return True
        if fcntl is None:
            return False
        now = _identity(self.fileno())
        return now is None or now != self._identity

    def wait_at_most(self, *, receive: float | None = None, send: float | None = None) -> None:
        """Let recv() and send() raise one of SILENCE after so many seconds without a byte.

        By the system, not by Python's settimeout(), with which no recv() fills a whole block.
        """
        set_before = self._patience = self._patience or {}
        for option, seconds in ((_socket.SO_RCVTIMEO, receive), (_socket.SO_SNDTIMEO, send)):
            if seconds is not None and set_before.get(option) != seconds:
                self.setsockopt(_socket.SOL_SOCKET, option, _duration(max(seconds, 0.001)))
                set_before[option] = seconds

    def accept(self) -> "Socket":
        """The next client."""
        # Python's own accept() makes a client of whatever socket.socket is now.
        number, _address = cast("Any", self)._accept()
        return Socket.adopt(number)

    def send(self, data: "ReadableBuffer", flags: int = 0, /) -> int:
        """As socket.send(), but never with a signal."""
        return super().send(data, flags | _NO_SIGNAL)

    def sendall(self, data: "ReadableBuffer", flags: int = 0, /) -> None:
        """As socket.sendall(), but never with a signal."""
        super().sendall(data, flags | _NO_SIGNAL)

    def close(self) -> None:
        """Close it; where it is lost, without touching what has its descriptor now."""
        _held.discard(self)
        if self.lost:
            self.detach()
        else:
            super().close()


SILENCE = (BlockingIOError, TimeoutError)
"""What recv() and send() raise when nothing has moved for the time of wait_at_most()."""


WHOLE_BLOCK = 256 * 1024 if sys.platform == "win32" else 1 << 30
"""The most that one recv() with MSG_WAITALL may be asked for: on Windows, where the time of
wait_at_most() passes before all of it is there, what has come is lost."""


def _duration(seconds: float) -> bytes:
    if sys.platform == "win32":
        return struct.pack("I", max(1, int(seconds * 1000)))  # 0 would be for ever
    return struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))


def pair() -> tuple[Socket, Socket]:
    """Two sockets connected to each other."""
    first, second = socketpair()
    # Both numbers first: an object that is left over would close its one, whosever it is by then.
    numbers = first.detach(), second.detach()
    return Socket.adopt(numbers[0]), Socket.adopt(numbers[1])


def _above_standard(number: int) -> int:
    if fcntl is None or number > 2:
        return number
    try:
        return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        _close(number)


def _identity(number: int) -> tuple[int, int] | None:
    return None if fcntl is None else identity(number)


def _close_in_child() -> None:
    """A child would hold the port after Blender's end, and take clients and wake-ups away."""
    for each in list(_held):
        each.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
