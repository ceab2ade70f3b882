"""The service's token: made and kept in a file for its owner's programs, or read from a file."""

import os
import re
import secrets
import stat
import sys
from contextlib import suppress

TOKEN_BYTES = 32
_LEAST, _MOST = 32, 1024
_TOKEN = re.compile(rf"[!-~]{{{_LEAST},{_MOST}}}")
# Neither through a link, nor waiting for what writes to a pipe.
_READING = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)


class TokenFileError(OSError):
    """A token can't be kept, or not be taken; the text says why, and never what it is."""


def new_token() -> str:
    """A random token, 64 hexadecimal digits."""
    return secrets.token_hex(TOKEN_BYTES)


def state_folder() -> str:
    """The folder of this user's tokens, where nobody names one: as in the CLI's os-folders.ts."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
        return os.path.join(local, "blender-remote-cli", "State", "tokens")
    home = os.environ.get("HOME") or os.path.expanduser("~")
    if sys.platform == "darwin":
        support = os.path.join(home, "Library", "Application Support")
        return os.path.join(support, "blender-remote-cli", "tokens")
    told = os.environ.get("XDG_STATE_HOME", "")
    base = told if os.path.isabs(told) else os.path.join(home, ".local", "state")
    return os.path.join(base, "blender-remote-cli", "tokens")


def given_token(path: str) -> str:
    """The token in a file that somebody has made for this service.

    TokenFileError unless it is a regular file that nobody but its owner, this user or root, may
    read or change, with 32 to 1024 printable characters of ASCII in it.
    """
    try:
        number = os.open(path, _READING)
    except OSError as error:
        raise TokenFileError(f"the token in {path} can't be read: {error.strerror}") from error
    try:
        wrong = _wrong_with(os.fstat(number))
        if wrong is not None:
            raise TokenFileError(f"the token in {path} isn't taken: {wrong}")
        text = os.read(number, _MOST + 3).decode("latin-1").rstrip("\r\n")
    finally:
        os.close(number)
    if _TOKEN.fullmatch(text) is None:
        raise TokenFileError(
            f"the token in {path} isn't taken: it must be one line of {_LEAST} to {_MOST} letters, "
            "digits and signs of ASCII"
        )
    return text


def _wrong_with(found: os.stat_result) -> str | None:
    if not stat.S_ISREG(found.st_mode):
        return "it is no regular file"
    if sys.platform == "win32":
        return None
    if found.st_uid not in (os.geteuid(), 0):
        return f"it belongs to another user (uid {found.st_uid})"
    if found.st_mode & 0o077:
        return f"others may use it (mode {stat.S_IMODE(found.st_mode):04o}); chmod 600 it"
    return None


def token_names(address: str, port: int) -> list[str]:
    """The names of the files for a service that listens there: as in the CLI's token-file.ts.

    By the port alone on 127.0.0.1, else with the address: another service may have the port there.
    """
    if address == "127.0.0.1":
        return [str(port)]
    if address in ("0.0.0.0", "::"):
        return [str(port), f"{port}@all"]
    return [f"{port}@{re.sub(r'[^0-9A-Za-z_.]', '_', address)}"]


class TokenFile:
    """One file with a service's token, in a folder that only its owner may enter."""

    def __init__(self, folder: str, name: str) -> None:
        """`folder`: made where it is missing."""
        self._folder = folder
        self.path = os.path.join(folder, name)
        self._written: tuple[str, int] | None = None

    def write(self, token: str) -> None:
        """Put the token there in one piece, in the place of what is there. TokenFileError."""
        part = f"{self.path}.{secrets.token_hex(8)}"
        try:
            self._make_folder()
            number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(number, "w", encoding="ascii") as file:
                    file.write(token)
                os.replace(part, self.path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(part)
                raise
        except OSError as error:
            reason = error.strerror or str(error)
            raise TokenFileError(f"can't keep the token in {self.path}: {reason}") from error
        self._written = token, os.getpid()

    def remove(self) -> None:
        """Take away what write() has put there, unless it is another service's by now."""
        if self._written is None or self._written[1] != os.getpid():
            return  # A child that code has forked ends, too
        token, self._written = self._written[0], None
        with suppress(OSError):
            if given_token(self.path) == token:
                os.unlink(self.path)

    def remove_stale(self) -> None:
        """Take away what another service has left: whoever holds the port has no token."""
        with suppress(OSError):
            os.unlink(self.path)

    def _make_folder(self) -> None:
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        if sys.platform == "win32":
            return
        found = os.lstat(self._folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise TokenFileError(f"{self._folder} is no folder of this user's own")
        if found.st_mode & 0o077:
            os.chmod(self._folder, 0o700)
