"""One client: its socket, the bytes that no request has used yet, and the answers in order."""

import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from .admission import Admission, NoRoomError
from .answers import CommandError, Reply, encode, failure, success
from .authentication import BEFORE_AUTHENTICATION, METHOD, TOKEN_NEEDED
from .budget import Budget, TooMuchHeldError
from .dispatch import Caller
from .framing import MessageBuffer
from .limits import MIB, ServiceLimits
from .log import logger
from .params import as_params
from .request_text import read_request
from .sending import StalledError, send_all
from .sockets import SILENCE, WHOLE_BLOCK, Socket
from .upload import Upload

# Big reads within a request: with a busy main thread, each waits for Python's global lock.
_READ_FIRST = 64 * 1024
_READ_REST = 1024 * 1024
_LINGER_SECONDS = 2.0
# Seconds of silence before a client is asked for a sign of life, between two such, and how many.
_KEEPALIVE = {"TCP_KEEPIDLE": 20, "TCP_KEEPALIVE": 20, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}
# What takes a multiple of its size to be parsed, and holds Python's global lock meanwhile, is
# parsed one at a time.
_LARGE = 1 * MIB
_parsing_large = Lock()


@dataclass(frozen=True)
class House:
    """What all connections have in common."""

    reply_to: Callable[[dict[str, object], Caller], Reply]
    limits: ServiceLimits
    admission: "Admission[Connection]"
    unfinished: Budget
    """Bytes of requests that have begun to come and aren't answered yet."""
    uploads: Budget
    """Files that come at once."""


class Connection:
    """Reads requests from a socket and answers them, on a thread of its own."""

    def __init__(self, sock: Socket, caller: Caller, house: House) -> None:
        """`caller`: who the client is."""
        self._socket = sock
        self._caller = caller
        self._house = house
        self._limits = house.limits
        self._received = MessageBuffer(house.limits.request)
        if not self.authorized:
            self._received.size_limit = house.limits.greeting_size
        self._held = house.unfinished.share()
        self._through = False
        self._since = monotonic()
        self._lock = Lock()
        self._idle_since: float | None = None
        self._retired = False

    @property
    def authorized(self) -> bool:
        """Whether this client may make requests: it has proved that it knows the token."""
        return self._caller.handshake.authorized

    @property
    def name(self) -> str:
        """Who is at the other end."""
        return self._caller.name

    @property
    def idle_since(self) -> float | None:
        """When it began to wait for a request, by the monotonic clock; None while it has one."""
        return self._idle_since

    def serve(self) -> None:
        """Answer until the client goes away, breaks the protocol, or finish() ends it."""
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._notice_lost_clients()
            self._serve()
        except StalledError as error:
            logger.warning("The connection of %s ends: it %s", self.name, error)
        except OSError as error:
            logger.debug("A client went away: %s", error)
        except:  # noqa: E722 - what user code has done to Python ends a client, not Blender
            logger.warning("A client's connection ends: %s", sys.exc_info()[1])
        finally:
            self._held.release()
            self._close()

    def refuse(self, reason: str) -> None:
        """Answer with an error and close, without waiting for a request or for anything else."""
        with suppress(OSError):
            self._socket.setblocking(False)
            self._socket.send(encode(failure(CommandError(reason, refused=True))))
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.recv(_READ_FIRST)  # Bytes left unread would make close() a reset
        self._close()

    def finish(self) -> None:
        """Read no more; what is being answered still gets its answer. From another thread."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def abort(self) -> None:
        """Close at once, from another thread."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._close()

    def retire(self) -> bool:
        """Close it, unless it has something to do; whether it did. From another thread."""
        with self._lock:
            if self._idle_since is None:
                return False
            self._retired = True
        self.abort()
        return True

    def give_up_if_lost(self) -> None:
        """Where code has closed the descriptor: never write to what has its number next.

        From another thread.
        """
        if self._socket.lost:
            self._socket.close()

    def _close(self) -> None:
        with suppress(OSError):
            self._socket.close()

    def _notice_lost_clients(self) -> None:
        """A client whose machine or network is gone must not hold a part file for hours."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):  # Not on every system, and under another name on macOS
                self._socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def _serve(self) -> None:
        data = self._receive()
        if not data.startswith(b"{"):
            return  # Another protocol, such as a browser's: it gets nothing, not even an error
        try:
            while data and not self._socket.lost:
                self._received.feed(data)
                del data
                self._hold()
                while (request := self._next_request()) is not None:
                    if self.authorized:
                        self._enter()
                    self._answer(*request)
                self._hold()
                data = self._receive()
        except ProtocolError as error:
            self._send(encode(failure(error)))
            self._linger()

    def _receive(self) -> bytes:
        """The next bytes; none where the connection is to end."""
        midway = self._received.pending
        if (patience := self._patience(midway)) <= 0:
            logger.debug("The connection of %s ends: it took too long to get in", self.name)
            return b""
        self._socket.wait_at_most(receive=patience)
        with self._lock:
            self._idle_since = None if midway or not self._through else monotonic()
        try:
            data = self._socket.recv(_READ_REST if midway else _READ_FIRST)
        except SILENCE:
            if midway and self._through:
                raise self._no_more_came("the rest of the request") from None
            logger.debug("The connection of %s ends: it was silent for too long", self.name)
            return b""
        with self._lock:
            self._idle_since = None
            return b"" if self._retired else data

    def _patience(self, midway: bool) -> float:
        """Seconds without a byte after which a connection ends."""
        if not self.authorized:
            return self._since + self._limits.greeting_seconds - monotonic()
        if not self._through:
            return self._limits.greeting_seconds
        return self._limits.stall_seconds if midway else self._limits.idle_seconds

    def _hold(self) -> None:
        """Let what has come of the next requests count, until they are answered."""
        try:
            self._held.hold(len(self._received))
        except TooMuchHeldError:
            raise ProtocolError(
                f"the service holds {self._limits.unfinished // MIB} MiB of unanswered requests "
                "already, which is the limit: try again in a while"
            ) from None

    def _next_request(self) -> tuple[dict[str, object], str | None] | None:
        try:
            message = self._received.next_message()
            if message is None:
                return None
            if len(message) < _LARGE:
                return read_request(message)
            with _parsing_large:
                return read_request(message)
        except (ValueError, RecursionError) as error:
            # Of a client that knows no tokens it may be long, and all that is wrong with it.
            more = "" if self.authorized else f"; {TOKEN_NEEDED}"
            raise ProtocolError(f"the request can't be read: {error}{more}") from None

    def _enter(self) -> None:
        """A client is through: authenticated, or with a request where nobody has to be."""
        if self._through:
            return
        try:
            self._house.admission.let_through(self)
        except NoRoomError as error:
            raise ProtocolError(str(error), refused=True) from None
        self._through = True
        self._received.size_limit = self._limits.request.size

    def _answer(self, request: dict[str, object], wrong: str | None) -> None:
        kind = request.get("type")
        if not self.authorized and kind not in BEFORE_AUTHENTICATION:
            self._caller.handshake.refused("it made a request without a token")
            raise ProtocolError(TOKEN_NEEDED, authentication=METHOD)
        if wrong is not None:
            error = CommandError(f"the request can't be carried out: {wrong}")
            # The bytes behind an upload are no requests
            if kind == "upload" or not self.authorized:
                raise ProtocolError(str(error))
            reply = Reply(encode(failure(error)))
        elif kind == "upload":
            reply = Reply(encode(success(self._upload(request.get("params")))))
        elif kind == "authenticate":
            reply = Reply(encode(success(self._authenticate(request.get("params")))))
        else:
            reply = self._house.reply_to(request, self._caller)
        try:
            self._send(reply.body)
        finally:
            if reply.afterwards is not None:
                reply.afterwards()

    def _authenticate(self, params: object) -> dict[str, object]:
        """Let the client in. ProtocolError when it has no proof: it gets no second attempt."""
        try:
            answer = self._caller.handshake.authenticate(as_params(params))
        except CommandError as error:
            raise ProtocolError(str(error), **error.fields) from error
        self._enter()
        return answer

    def _upload(self, params: object) -> dict[str, object]:
        """Receive a file, whose bytes follow the request.

        ProtocolError when it fails: what still comes in are the file's bytes, not requests.
        """
        place = self._house.uploads.share()
        try:
            place.hold(1)
            return Upload(as_params(params)).receive(self._read_into)
        except TooMuchHeldError:
            many = f"{self._limits.uploads} files come in at once, which is the limit"
            raise ProtocolError(many, ended=True) from None
        except CommandError as error:
            raise ProtocolError(str(error), **error.fields) from error
        finally:
            place.release()

    def _read_into(self, block: memoryview) -> int:
        """Fill a block; fewer bytes only where the client has ended. ProtocolError for silence."""
        count = self._received.take_into(block)
        self._socket.wait_at_most(receive=self._limits.stall_seconds)
        while count < len(block):
            piece = block[count : count + WHOLE_BLOCK]
            try:
                more = self._socket.recv_into(piece, 0, socket.MSG_WAITALL)
            except SILENCE:
                raise self._no_more_came("the rest of the file", ended=True) from None
            if more == 0:
                break
            count += more
        return count

    def _no_more_came(self, what: str, **fields: object) -> "ProtocolError":
        seconds = self._limits.stall_seconds
        return ProtocolError(f"nothing more of {what} came for {seconds:g} s", **fields)

    def _send(self, data: bytes) -> None:
        send_all(self._socket, data, self._limits.stall_seconds)

    def _linger(self) -> None:
        """Let the client read the last answer: closing with bytes unread would reset it."""
        self._socket.shutdown(socket.SHUT_WR)
        deadline = monotonic() + _LINGER_SECONDS
        while (left := deadline - monotonic()) > 0:
            self._socket.settimeout(left)
            if not self._socket.recv(_READ_REST):
                return


class ProtocolError(CommandError):
    """What came in is no request; the connection can't go on."""
