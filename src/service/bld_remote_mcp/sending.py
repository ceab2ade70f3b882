"""Sends answers to clients, some of which don't take them."""

import os
from time import monotonic

from .sockets import SILENCE, Socket

# On Windows the system says of a piece only that it hasn't gone out as a whole.
_PIECE = 256 * 1024 if os.name == "nt" else 4 * 1024 * 1024
# A client that takes less than this in the time of a stall would hold its answer for hours.
_LEAST = 64 * 1024


class StalledError(Exception):
    """A client doesn't take its answer."""


def send_all(sock: Socket, data: bytes, seconds: float) -> None:
    """Send all of it, as long as the client takes some of it in so many seconds.

    StalledError where it doesn't; OSError where it is gone.
    """
    sock.wait_at_most(send=seconds)
    left = memoryview(data)
    began, size = monotonic(), len(left)
    while left:
        try:
            left = left[sock.send(left[:_PIECE]) :]
        except SILENCE:
            taken = size - len(left)
            raise StalledError(f"took {taken} bytes of an answer in {seconds:g} s") from None
        if (now := monotonic()) - began >= seconds:
            if size - len(left) < _LEAST:
                raise StalledError(f"took {size - len(left)} bytes of an answer in {seconds:g} s")
            began, size = now, len(left)
