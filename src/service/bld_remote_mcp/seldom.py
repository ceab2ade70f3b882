"""For what may happen often and is worth a line in the log only every few seconds."""

from threading import Lock
from time import monotonic

SECONDS = 5.0


class Seldom:
    """Counts, and says when a line is due. Any thread."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """`seconds` between two lines."""
        self._seconds = seconds
        self._lock = Lock()
        self._count = 0
        self._next = 0.0

    def due(self) -> int:
        """It has happened once more: how often since the last line; 0 where none is due yet."""
        with self._lock:
            self._count += 1
            now = monotonic()
            if now < self._next:
                return 0
            self._next = now + self._seconds
            count, self._count = self._count, 0
            return count
