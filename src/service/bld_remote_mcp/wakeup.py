"""Waking a thread that sleeps, from other threads and from signals."""

import selectors
import socket
from contextlib import suppress


class Wakeup:
    """A flag that one thread sleeps on, with no limit and no polling, on every system.

    A socket and not a lock: a signal that comes just before a lock is waited for goes unnoticed
    until the lock is released, while a byte that signal.set_wakeup_fd() has written stays until it
    is read.
    """

    def __init__(self) -> None:
        """Not set. OSError where there are no descriptors left."""
        self._reading, self._writing = socket.socketpair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._reading, selectors.EVENT_READ)

    @property
    def signal_descriptor(self) -> int:
        """What signal.set_wakeup_fd() takes, so that signals set the flag."""
        return self._writing.fileno()

    def also_wait_for(self, sock: socket.socket) -> None:
        """Let wait() end, too, whenever there is something to read on `sock`."""
        self._selector.register(sock, selectors.EVENT_READ)

    def set(self) -> None:
        """Let the current or the next wait() end. From any thread; safe in a signal handler."""
        with suppress(OSError):  # Full, so it is set; or closed, so nobody waits
            self._writing.send(b"\0")

    def wait(self) -> None:
        """Sleep until the flag is set, and clear it. It may end without reason."""
        self._selector.select()
        with suppress(BlockingIOError):
            self._reading.recv(4096)

    def close(self) -> None:
        """Give the descriptors back."""
        self._selector.close()
        self._reading.close()
        self._writing.close()
