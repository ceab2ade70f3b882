"""Who may be connected: few who haven't shown yet that they belong here, and those who have."""

from threading import Lock
from time import monotonic
from typing import Generic, Protocol, TypeVar

from .limits import ServiceLimits
from .log import logger
from .seldom import Seldom


class Guest(Protocol):
    """One connection, as far as it matters here. Hashable."""

    @property
    def name(self) -> str:
        """Who is at its other end."""
        ...

    @property
    def idle_since(self) -> float | None:
        """When it began to wait for a request, by the monotonic clock; None while it has one."""
        ...

    def retire(self) -> bool:
        """End it, unless it has something to do; whether it did."""
        ...

    def abort(self) -> None:
        """End it at once."""
        ...


class NoRoomError(Exception):
    """A connection can't be taken; the text says why."""


AnyGuest = TypeVar("AnyGuest", bound=Guest)


class Admission(Generic[AnyGuest]):
    """The connections, newcomers apart from those that are through. Any thread."""

    def __init__(self, limits: ServiceLimits) -> None:
        """`limits`: how many of each there may be."""
        self._limits = limits
        self._lock = Lock()
        # In the order of their coming, with their addresses; those of loopback without.
        self._newcomers: dict[AnyGuest, str | None] = {}
        self._clients: dict[AnyGuest, None] = {}
        self._crowd = Seldom()

    def __len__(self) -> int:
        """How many are connected."""
        return len(self._newcomers) + len(self._clients)

    def enter(self, guest: AnyGuest, address: str | None) -> None:
        """A newcomer is there. Where there are too many, the oldest that isn't through has to go.

        `address`: whose newcomers are counted together; None for loopback's, which aren't.
        """
        with self._lock:
            surplus = self._surplus(address)
            if surplus is not None:
                del self._newcomers[surplus]
            self._newcomers[guest] = address
        if surplus is not None:
            surplus.abort()
            if (count := self._crowd.due()) > 0:
                logger.warning(
                    "Ended %d connections that had made no request, to take others", count
                )

    def _surplus(self, address: str | None) -> AnyGuest | None:
        if address is not None:
            its = [one for one, from_there in self._newcomers.items() if from_there == address]
            if len(its) >= self._limits.newcomers_of_address:
                return its[0]
        if len(self._newcomers) >= self._limits.newcomers:
            return next(iter(self._newcomers))
        return None

    def let_through(self, guest: AnyGuest) -> None:
        """A newcomer has shown that it belongs here.

        Where all places are taken, the client goes that has been idle for longest; NoRoomError
        where none is idle.
        """
        with self._lock:
            if guest not in self._newcomers:
                raise NoRoomError("it took too long")  # And has been ended
            if len(self._clients) >= self._limits.clients and not self._make_room():
                raise NoRoomError(
                    f"{self._limits.clients} clients are connected, which is the limit, and all of "
                    "them have something to do"
                )
            del self._newcomers[guest]
            self._clients[guest] = None

    def _make_room(self) -> bool:
        idle = [(since, one) for one in self._clients if (since := one.idle_since) is not None]
        for since, one in sorted(idle, key=lambda pair: pair[0]):
            if one.retire():  # It may just have got a request
                del self._clients[one]
                logger.warning(
                    "%d clients are connected, which is the limit: ended the connection of %s, "
                    "idle for %.0f s",
                    self._limits.clients,
                    one.name,
                    monotonic() - since,
                )
                return True
        return False

    def leave(self, guest: AnyGuest) -> None:
        """Its connection has ended."""
        with self._lock:
            self._newcomers.pop(guest, None)
            self._clients.pop(guest, None)
