"""The listening socket and the connections that came through it."""

import errno
import os
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from threading import Event, Lock, Thread

from .answers import Reply
from .connection import Connection
from .dispatch import Caller
from .log import logger
from .wakeup import Wakeup

_BACKLOG = 512
_PAUSE_SECONDS = 0.2
_FINISH_SECONDS = 1.0
_ABORT_SECONDS = 0.5


class StartError(OSError, RuntimeError):
    """The service can't listen; errno says why."""


class Listener:
    """Accepts clients on one thread and gives each a thread of its own, up to a bound."""

    def __init__(
        self,
        reply_to: Callable[[dict[str, object], Caller], Reply],
        *,
        request_limit: int,
        connection_limit: int,
    ) -> None:
        """`request_limit`: bytes of one request; `connection_limit`: clients at the same time."""
        self._reply_to = reply_to
        self._request_limit = request_limit
        self._connection_limit = connection_limit
        self._lock = Lock()
        self._connections: dict[Connection, Thread] = {}
        self._closing = Event()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def open(self, host: str, port: int) -> int:
        """Listen; the port, which the system chooses for 0. StartError if that fails."""
        self._socket = _listen(host, port)
        self._wakeup = Wakeup()
        self._wakeup.also_wait_for(self._socket)
        self._thread = Thread(target=self._accept_all, name="bld_remote accept", daemon=True)
        self._thread.start()
        return self._socket.getsockname()[1]

    def close(self) -> None:
        """Accept no more, and end each connection once what it is answering is answered."""
        self._closing.set()
        self._wakeup.set()
        self._thread.join()
        for connection in self._current():
            connection.finish()

    def wait_for_connections(self) -> None:
        """After close(): give the connections 1 s to end, and abort those that haven't."""
        connections = self._current()
        _join(connections.values(), _FINISH_SECONDS)
        for connection, thread in connections.items():
            if thread.is_alive():
                connection.abort()
        _join(connections.values(), _ABORT_SECONDS)

    def _current(self) -> dict[Connection, Thread]:
        with self._lock:
            return dict(self._connections)

    def _accept_all(self) -> None:
        exhausted = False
        with self._socket, closing(self._wakeup):
            while True:
                self._wakeup.wait()
                if self._closing.is_set():
                    return
                try:
                    client, address = self._socket.accept()
                except (BlockingIOError, ConnectionError):
                    continue  # The client gave up before its turn
                except OSError as error:
                    # No more descriptors, most likely. The client stays in the backlog, so
                    # select() returns at once: wait, and say it once.
                    if not exhausted:
                        logger.warning("Can't accept clients for now: %s", error)
                    exhausted = True
                    self._closing.wait(_PAUSE_SECONDS)
                    continue
                exhausted = False
                self._admit(client, address)

    def _admit(self, client: socket.socket, address: tuple[object, ...]) -> None:
        client.setblocking(True)  # On some systems it inherits the listening socket's mode
        connection = Connection(client, self._reply_to, Caller(_text(address)), self._request_limit)
        if self.connections >= self._connection_limit:
            connection.refuse(f"{self._connection_limit} clients are connected, which is the limit")
            return
        thread = Thread(
            target=self._serve, args=(connection,), name="bld_remote client", daemon=True
        )
        with self._lock:
            self._connections[connection] = thread
        try:
            thread.start()
        except RuntimeError as error:
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


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            else:  # Windows, where SO_REUSEADDR would let two services share the port
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            listening.bind(address)
            listening.listen(_BACKLOG)
            listening.setblocking(False)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno == errno.EADDRINUSE:
            reason = "another program, perhaps another Blender, is listening there"
        raise StartError(error.errno, f"can't listen on {host}:{port}: {reason}") from error
    return listening


def _text(address: tuple[object, ...]) -> str:
    return ":".join(str(part) for part in address[:2])


def _join(threads: Iterable[Thread], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
