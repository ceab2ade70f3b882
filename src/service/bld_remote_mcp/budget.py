"""How much of something all may hold together, and the share that each has of it."""

from threading import Lock


class TooMuchHeldError(Exception):
    """All together would hold more than they may."""


class Budget:
    """A bound for the sum of all shares. Any thread."""

    def __init__(self, limit: int, *, free: int = 0) -> None:
        """`limit`: the most that all shares hold together; `free`: what of each doesn't count."""
        self.limit = limit
        self._free = free
        self._held = 0
        self._lock = Lock()

    @property
    def held(self) -> int:
        """What all hold now, as far as it counts."""
        return self._held

    def share(self) -> "Share":
        """A share for somebody, who holds nothing yet."""
        return Share(self)

    def change(self, before: int, after: int) -> None:
        """Somebody holds `after` instead of `before`; TooMuchHeldError, and nothing has changed."""
        more = max(0, after - self._free) - max(0, before - self._free)
        with self._lock:
            if more > 0 and self._held + more > self.limit:
                raise TooMuchHeldError
            self._held += more


class Share:
    """What one holder has of a budget."""

    def __init__(self, budget: Budget) -> None:
        """Nothing of `budget`."""
        self._budget = budget
        self._size = 0

    def hold(self, size: int) -> None:
        """Hold `size` from now on; TooMuchHeldError where that is too much."""
        self._budget.change(self._size, size)
        self._size = size

    def release(self) -> None:
        """Hold nothing."""
        self.hold(0)
