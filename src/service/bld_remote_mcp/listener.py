"""The listening socket and the connections that came through it."""

import _socket
import errno
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Event, Lock, Thread
from time import monotonic

from . import surroundings
from .admission import Admission
from .answers import Reply
from .authentication import Authentication
from .budget import Budget
from .connection import Connection, House
from .dispatch import Caller
from .limits import ServiceLimits
from .log import logger
from .settings import is_loopback
from .sockets import Socket
from .wakeup import Wakeup

_BACKLOG = 512
_IPV4_AS_IPV6 = "::ffff:"
_PAUSE_SECONDS = 0.2
_FINISH_SECONDS = 1.0
_ABORT_SECONDS = 0.5
_NOTICE_SECONDS = 1.0


class StartError(OSError, RuntimeError):
    """The service can't listen; errno says why."""


class Listener:
    """Accepts clients on one thread and gives each a thread of its own."""

    def __init__(
        self,
        reply_to: Callable[[dict[str, object], Caller], Reply],
        authentication: Authentication,
        limits: ServiceLimits,
    ) -> None:
        """`limits`: of what clients send, and how many there are."""
        self._authentication = authentication
        self._admission: Admission[Connection] = Admission(limits)
        unfinished = Budget(limits.unfinished, free=limits.unfinished_free)
        uploads = Budget(limits.uploads)
        self._house = House(reply_to, limits, self._admission, unfinished, uploads)
        self._lock = Lock()
        self._connections: dict[Connection, Thread] = {}
        self._closing = Event()
        # Whether the accepting thread knows that code has closed its descriptors.
        self._noticed = Event()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._admission)

    @property
    def unfinished(self) -> int:
        """Bytes of requests that aren't answered yet, as far as they count."""
        return self._house.unfinished.held

    def open(self, host: str, port: int, bound: Callable[[str, int], None]) -> int:
        """Listen; the port, which the system chooses for 0. StartError if that fails.

        `bound` is told address and port before anybody is let in; what it raises ends this.
        """
        surroundings.ignore_broken_pipes()
        surroundings.open_standard_descriptors()
        self._listen(host, port)
        address, self._port = self._socket.getsockname()[:2]
        self._host = host
        try:
            bound(address, self._port)
        except BaseException:
            self._close()
            raise
        self._thread = Thread(target=self._accept_all, name="bld_remote accept", daemon=True)
        self._thread.start()
        # Kept, because each `self._after_user_code` is a new object.
        self._check = self._after_user_code
        surroundings.after_user_code.append(self._check)
        return self._port

    def close(self) -> None:
        """Accept no more clients; those that are there go on until end_connections()."""
        with suppress(ValueError):
            surroundings.after_user_code.remove(self._check)
        self._closing.set()
        self._wakeup.set()
        self._thread.join(_FINISH_SECONDS)

    def end_connections(self) -> None:
        """After close(): end each connection once it has its answer; in at most 1.5 s."""
        connections = self._current()
        for connection in connections:
            connection.finish()
        _join(connections.values(), _FINISH_SECONDS)
        for connection, thread in connections.items():
            if thread.is_alive():
                connection.abort()
        _join(connections.values(), _ABORT_SECONDS)

    def _current(self) -> dict[Connection, Thread]:
        with self._lock:
            return dict(self._connections)

    def _listen(self, host: str, port: int) -> None:
        self._socket = _listening(host, port)
        self._wakeup = Wakeup()
        self._wakeup.also_wait_for(self._socket)

    def _accept_all(self) -> None:
        said = False
        while not self._closing.is_set():
            try:
                self._mend()
                self._accept()
                said = False
            except:  # noqa: E722 - even the name of an exception may have been deleted
                # No more descriptors, most likely. The client stays in the backlog, so that
                # waiting ends at once: pause, and say it once.
                if self._lost:
                    continue
                if not said:
                    logger.warning("Can't accept clients for now: %s", sys.exc_info()[1])
                    said = True
                self._closing.wait(_PAUSE_SECONDS)
        self._close()

    def _accept(self) -> None:
        """Admit one client. It may return without one."""
        self._wakeup.wait()
        if self._closing.is_set():
            return
        try:
            client = self._socket.accept()
        except (BlockingIOError, ConnectionError):
            return  # The client gave up before its turn
        self._admit(client)

    @property
    def _lost(self) -> bool:
        return self._socket.lost or self._wakeup.lost

    def _mend(self) -> None:
        """Listen again where code has closed descriptors that it didn't open."""
        if self._lost:
            self._noticed.set()
            # It may be about to close more of them, and new ones would be among those.
            self._closing.wait(_PAUSE_SECONDS)
            self._close()
            self._listen(self._host, self._port)
            self._noticed.clear()
            logger.warning("Code has closed the service's descriptors; listening again")

    def _close(self) -> None:
        for each in (self._socket, self._wakeup):
            with suppress(OSError):
                each.close()

    def _after_user_code(self) -> None:
        for connection in self._current():
            connection.give_up_if_lost()
        if self._lost:
            self._wakeup.set()
            # The accepting thread sleeps on numbers. Were they somebody else's before it looks,
            # as those of the main loop's new wake-up, it would sleep on that for ever.
            self._noticed.wait(_NOTICE_SECONDS)

    def _admit(self, client: Socket) -> None:
        client.setblocking(True)  # On some systems it inherits the listening socket's mode
        address, name = _address(client)
        caller = Caller(name, self._authentication.handshake(name))
        connection = Connection(client, caller, self._house)
        thread = Thread(
            target=self._serve, args=(connection,), name="bld_remote client", daemon=True
        )
        with self._lock:
            self._connections[connection] = thread
        here = is_loopback(address.removeprefix(_IPV4_AS_IPV6))
        self._admission.enter(connection, None if here else address)
        try:
            thread.start()
        except Exception as error:
            logger.warning("Can't serve a client: %s", error)
            self._forget(connection)
            connection.refuse(f"the service can't start a thread for this client: {error}")

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            self._connections.pop(connection, None)
        self._admission.leave(connection)


def _listening(host: str, port: int) -> Socket:
    try:
        found = _socket.getaddrinfo(host, port, type=_socket.SOCK_STREAM, flags=_socket.AI_PASSIVE)
        # IPv4 first: on Windows localhost is ::1 before it is what clients mean by it.
        family, kind, protocol, _name, address = min(
            found, key=lambda one: one[0] != _socket.AF_INET
        )
        plain = _socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":
                plain.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
            else:  # Windows, where SO_REUSEADDR would let two services share the port
                plain.setsockopt(_socket.SOL_SOCKET, _socket.SO_EXCLUSIVEADDRUSE, 1)
            plain.bind(address)
            plain.listen(_BACKLOG)
        except OSError:
            plain.close()
            raise
        # Only now: Windows tells the address family of no socket that isn't bound.
        listening = Socket.adopt(plain.detach())
        listening.setblocking(False)
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno == errno.EADDRINUSE:
            reason = "another program, perhaps another Blender, is listening there"
        raise StartError(error.errno, f"can't listen on {host}:{port}: {reason}") from error
    return listening


def _address(client: Socket) -> tuple[str, str]:
    """The address that a client comes from, and its name for people."""
    try:
        address, port = client.getpeername()[:2]
    except OSError:  # It has gone already
        return "", "a client"
    return address, f"{address}:{port}"


def _join(threads: Iterable[Thread], seconds: float) -> None:
    deadline = monotonic() + seconds
    for thread in threads:
        thread.join(max(deadline - monotonic(), 0))
