"""One client: its socket, the bytes that no request has used yet, and the answers in order."""

import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from .answers import CommandError, Reply, encode, failure, success
from .authentication import BEFORE_AUTHENTICATION, METHOD, TOKEN_NEEDED
from .dispatch import Caller
from .framing import MessageBuffer
from .log import logger
from .params import as_params
from .request_text import read_request
from .sockets import Socket
from .upload import Upload

# Big reads within a request: with a busy main thread, each waits for Python's global lock.
_READ_FIRST = 64 * 1024
_READ_REST = 1024 * 1024
_LINGER_SECONDS = 2.0
# Seconds of silence before a client is asked for a sign of life, between two such, and how many.
_KEEPALIVE = {"TCP_KEEPIDLE": 20, "TCP_KEEPALIVE": 20, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}


class Connection:
    """Reads requests from a socket and answers them, on a thread of its own."""

    def __init__(
        self,
        sock: Socket,
        reply_to: Callable[[dict[str, object], Caller], Reply],
        caller: Caller,
        request_limit: int,
    ) -> None:
        """`caller`: who the client is; `request_limit`: the most bytes of one request."""
        self._socket = sock
        self._reply_to = reply_to
        self._caller = caller
        self._received = MessageBuffer(request_limit)

    @property
    def authorized(self) -> bool:
        """Whether this client may make requests: it has proved that it knows the token."""
        return self._caller.handshake.authorized

    def serve(self) -> None:
        """Answer until the client goes away, breaks the protocol, or finish() ends it."""
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._notice_lost_clients()
            self._serve()
        except OSError as error:
            logger.debug("A client went away: %s", error)
        except:  # noqa: E722 - what user code has done to Python ends a client, not Blender
            logger.warning("A client's connection ends: %s", sys.exc_info()[1])
        finally:
            self._close()

    def refuse(self, reason: str) -> None:
        """Answer with an error and close, without waiting for a request or for anything else."""
        with suppress(OSError):
            self._socket.setblocking(False)
            self._socket.send(encode(failure(CommandError(reason))))
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
        data = self._socket.recv(_READ_FIRST)
        if not data.startswith(b"{"):
            return  # Another protocol, such as a browser's: it gets nothing, not even an error
        while data and not self._socket.lost:
            self._received.feed(data)
            try:
                while (request := self._next_request()) is not None:
                    self._answer(*request)
            except ProtocolError as error:
                self._socket.sendall(encode(failure(error)))
                self._linger()
                return
            data = self._socket.recv(_READ_REST if self._received.pending else _READ_FIRST)

    def _next_request(self) -> tuple[dict[str, object], str | None] | None:
        try:
            message = self._received.next_message()
            return None if message is None else read_request(message)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"the request can't be read: {error}") from None

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
            reply = self._reply_to(request, self._caller)
        try:
            self._socket.sendall(reply.body)
        finally:
            if reply.afterwards is not None:
                reply.afterwards()

    def _authenticate(self, params: object) -> dict[str, object]:
        """Let the client in. ProtocolError when it has no proof: it gets no second attempt."""
        try:
            return self._caller.handshake.authenticate(as_params(params))
        except CommandError as error:
            raise ProtocolError(str(error), **error.fields) from error

    def _upload(self, params: object) -> dict[str, object]:
        """Receive a file, whose bytes follow the request.

        ProtocolError when it fails: what still comes in are the file's bytes, not requests.
        """
        try:
            return Upload(as_params(params)).receive(self._read_into)
        except CommandError as error:
            raise ProtocolError(str(error), **error.fields) from error

    def _read_into(self, block: memoryview) -> int:
        """Fill a block; fewer bytes only where the client has ended."""
        count = self._received.take_into(block)
        while count < len(block):
            more = self._socket.recv_into(block[count:], 0, socket.MSG_WAITALL)
            if more == 0:
                break
            count += more
        return count

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
