"""Who may make requests: both ends prove that they know the token, and neither says it."""

import hmac
import os
import re
from collections import OrderedDict
from threading import Event, Lock, Semaphore
from time import monotonic

from .answers import CommandError
from .log import logger
from .params import Params, text_or_none
from .seldom import Seldom

METHOD = "hmac-sha256"
NONE = "none"
BEFORE_AUTHENTICATION = ("hello", "authenticate")
"""The requests that a client may make before it has proved that it knows the token."""
TOKEN_NEEDED = (
    "this service asks for a token, and this connection has proved none: use blender-remote-cli; "
    "for a client that knows no tokens, start Blender with 'blender-remote-cli start --no-auth'"
)

_NONCE_BYTES = 32
_NONCE = re.compile(r"[0-9a-fA-F]{64}")
_OF_SERVICE = b"blender-remote service\0"
_OF_CLIENT = b"blender-remote client\0"

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 4.0
_WAITING_LIMIT = 16
_FORGET_SECONDS = 60.0
_ADDRESS_LIMIT = 256

# Copies: code may replace what it likes.
_digest = hmac.digest
_equal = hmac.compare_digest
_random = os.urandom


class Authentication:
    """What all connections have in common: the token, and who has failed to prove it."""

    def __init__(self, token: str | None) -> None:
        """`token`: None where everybody may make requests."""
        self._key = None if token is None else token.encode("ascii")
        self._lock = Lock()
        # By address: when the last failure was, and how many there were in a row.
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._refusals = Seldom()
        self._closing = Event()
        self._places = Semaphore(_WAITING_LIMIT)

    def handshake(self, address: str) -> "Handshake":
        """What a new connection is to go through; `address`: its host and port."""
        return Handshake(self, self._key, address.rpartition(":")[0])

    def close(self) -> None:
        """Let nobody be kept waiting any more."""
        self._closing.set()

    def failed(self, address: str, why: str) -> float:
        """Note that somebody didn't get in; the seconds for which a wrong proof is to wait."""
        with self._lock:
            now = monotonic()
            last, count = self._failures.pop(address, (0.0, 0))
            count = count + 1 if now - last < _FORGET_SECONDS else 1
            self._failures[address] = (now, count)
            if len(self._failures) > _ADDRESS_LIMIT:
                self._failures.popitem(last=False)
        if (unsaid := self._refusals.due()) > 0:
            times = "" if unsaid == 1 else f" ({unsaid} times since the last word)"
            logger.warning("Refused a client from %s: %s%s", address, why, times)
        return min(_FIRST_PAUSE * 2 ** min(count - 1, 10), _LONGEST_PAUSE)

    def pause(self, seconds: float) -> None:
        """Wait on the thread of the connection that has failed, and on no other.

        Not where many do already: their threads are there even when their connections have gone.
        """
        if self._places.acquire(blocking=False):
            try:
                self._closing.wait(seconds)
            finally:
                self._places.release()


class Handshake:
    """One connection's way in: a hello with a nonce, then a proof that fits both nonces. Once."""

    def __init__(self, shared: Authentication, key: bytes | None, address: str) -> None:
        """`key`: the token, None where none is asked for; `address`: the client's host."""
        self._shared = shared
        self._key = key
        self._address = address
        self._nonces: bytes | None = None
        self._greeted = False
        self.authorized = key is None
        """Whether this connection may make requests."""

    def greeting(self, params: Params) -> dict[str, object]:
        """What hello says of it: the method, and the first time this service's nonce and proof.

        CommandError where `nonce` isn't 64 hexadecimal digits.
        """
        if self._key is None:
            return {"authentication": NONE}
        answer: dict[str, object] = {"authentication": METHOD}
        text = text_or_none(params, "nonce")
        if text is not None and _NONCE.fullmatch(text) is None:
            raise CommandError("nonce must be 64 hexadecimal digits")
        if text is None or self._greeted:
            return answer
        own = _random(_NONCE_BYTES)
        self._greeted = True
        self._nonces = bytes.fromhex(text) + own
        answer["nonce"] = own.hex()
        answer["proof"] = self._proof(self._key, _OF_SERVICE, self._nonces)
        return answer

    def authenticate(self, params: Params) -> dict[str, object]:
        """Take a client's proof. CommandError, after a pause, where it is wrong.

        Each nonce takes one proof: after a wrong one the connection is to end.
        """
        if self._key is None:
            raise CommandError("this service asks for no token")
        if self.authorized:
            raise CommandError("this connection is authenticated already")
        nonces, self._nonces = self._nonces, None
        if nonces is None:
            self.refused("it gave a proof without a hello that had a nonce")
            raise CommandError("a hello with a nonce comes before a proof, and one proof after it")
        given = text_or_none(params, "proof") or ""
        expected = self._proof(self._key, _OF_CLIENT, nonces)
        # As bytes: compare_digest() takes no other text than ASCII.
        if not _equal(given.encode("utf-8", "replace"), expected.encode("ascii")):
            self._shared.pause(
                self._shared.failed(self._address, "its proof of the token is wrong")
            )
            raise CommandError("the proof is wrong: this client has another token")
        self.authorized = True
        return {"authenticated": True}

    def refused(self, why: str) -> None:
        """Note a client that tried something without having got in."""
        self._shared.failed(self._address, why)

    @staticmethod
    def _proof(key: bytes, whose: bytes, nonces: bytes) -> str:
        return _digest(key, whose + nonces, "sha256").hex()
