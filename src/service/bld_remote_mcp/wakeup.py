"""Waking a thread that sleeps, from other threads and from signals."""

import errno
import select
from contextlib import suppress

from . import sockets
from .sockets import Socket


class Wakeup:
    """A flag that one thread sleeps on, with no limit and no polling, on every system.

    A socket and not a lock: a signal that comes just before a lock is waited for goes unnoticed
    until the lock is released, while a byte that signal.set_wakeup_fd() has written stays until it
    is read. And poll(), where there is one, because it ends when somebody closes all descriptors:
    epoll and kqueue are descriptors themselves, and would sleep for ever.
    """

    def __init__(self) -> None:
        """Not set. OSError where there are no descriptors left."""
        self._reading, self._writing = sockets.pair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)
        self._numbers = [self._reading.fileno()]

    @property
    def signal_descriptor(self) -> int:
        """What signal.set_wakeup_fd() takes, so that signals set the flag."""
        return self._writing.fileno()

    @property
    def lost(self) -> bool:
        """Whether somebody has closed the descriptors: it can't be used any more."""
        return self._reading.lost or self._writing.lost

    def also_wait_for(self, sock: Socket) -> None:
        """Let wait() end, too, whenever there is something to read on `sock`."""
        self._numbers.append(sock.fileno())

    def set(self) -> None:
        """Let the current or the next wait() end. From any thread; safe in a signal handler."""
        if self._writing.lost:  # Its number may be another's now; wait() has ended with it
            return
        with suppress(OSError):  # Full, so it is set; or closed, so nobody waits
            self._writing.send(b"\0")

    def wait(self) -> None:
        """Sleep until the flag is set, and clear it. It may end without reason.

        OSError where somebody has closed the descriptors.
        """
        _sleep(self._numbers)
        if self.lost:
            raise OSError(errno.EBADF, "somebody has closed the service's descriptors")
        with suppress(BlockingIOError):
            self._reading.recv(4096)

    def close(self) -> None:
        """Give the descriptors back."""
        self._reading.close()
        self._writing.close()


if hasattr(select, "poll"):
    _poll, _READABLE = select.poll, select.POLLIN

    def _sleep(numbers: list[int]) -> None:
        waiting = _poll()
        for number in numbers:
            waiting.register(number, _READABLE)
        waiting.poll()

else:  # Windows
    _select = select.select

    def _sleep(numbers: list[int]) -> None:
        _select(numbers, (), ())
