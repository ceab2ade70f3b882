"""What the environment says about the service."""

import ipaddress
import os

from .log import logger
from .token_file import given_token, new_token, state_folder

HOST_VARIABLE = "BLD_REMOTE_MCP_HOST"
PORT_VARIABLE = "BLD_REMOTE_MCP_PORT"
START_VARIABLE = "BLD_REMOTE_MCP_START_NOW"
REMOTE_VARIABLE = "BLD_REMOTE_ALLOW_REMOTE"
NO_AUTH_VARIABLE = "BLD_REMOTE_NO_AUTH"
TOKEN_VARIABLE = "BLD_REMOTE_TOKEN_FILE"
FOLDER_VARIABLE = "BLD_REMOTE_TOKEN_FOLDER"

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 6688
MIN_PORT = 1024
MAX_PORT = 65535

_YES = ("1", "true", "yes", "on")


def host() -> str:
    """The address to listen on: BLD_REMOTE_MCP_HOST, by default 127.0.0.1."""
    return os.environ.get(HOST_VARIABLE, "").strip() or DEFAULT_HOST


def port() -> int:
    """The port to listen on: BLD_REMOTE_MCP_PORT (1024 to 65535), by default 6688.

    An unusable value is logged and the default is taken.
    """
    text = os.environ.get(PORT_VARIABLE, "").strip()
    if not text:
        return DEFAULT_PORT
    try:
        number = int(text)
    except ValueError:
        number = 0
    if MIN_PORT <= number <= MAX_PORT:
        return number
    logger.warning(
        "%s=%r is not a port between %d and %d; using %d",
        PORT_VARIABLE,
        text,
        MIN_PORT,
        MAX_PORT,
        DEFAULT_PORT,
    )
    return DEFAULT_PORT


def set_port(number: object) -> None:
    """Make `number` the port of the next start. ValueError unless it lies in 1024 to 65535."""
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError(f"a port is an integer, not {number!r}")
    if not MIN_PORT <= number <= MAX_PORT:
        raise ValueError(f"port {number} is not between {MIN_PORT} and {MAX_PORT}")
    os.environ[PORT_VARIABLE] = str(number)


def start_now() -> bool:
    """Whether enabling the add-on starts the service (BLD_REMOTE_MCP_START_NOW)."""
    return _is_set(START_VARIABLE)


def is_loopback(host: str) -> bool:
    """Whether nobody can reach that address but who is on this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(host: str) -> None:
    """PermissionError for an address that others reach, unless BLD_REMOTE_ALLOW_REMOTE means it."""
    if is_loopback(host):
        return
    if not _is_set(REMOTE_VARIABLE):
        raise PermissionError(
            f"{HOST_VARIABLE} is {host!r}, which isn't loopback: whoever reaches it could try to "
            f"get in, and read what goes over the wire; {REMOTE_VARIABLE}=1 allows it all the same"
        )
    if _is_set(NO_AUTH_VARIABLE):
        raise PermissionError(
            f"{NO_AUTH_VARIABLE} is for loopback only, and {HOST_VARIABLE} is {host!r}"
        )


_given: str | None = None


def token() -> str | None:
    """What a client must know: what BLD_REMOTE_TOKEN_FILE holds, else a new one; None for nothing.

    The variable is taken out of the environment, so that what Blender starts doesn't have it; the
    token stays, for the next start in this Blender. TokenFileError where the file can't be taken.
    """
    global _given
    path = os.environ.pop(TOKEN_VARIABLE, "")
    if path:
        _given = given_token(path)
    if _is_set(NO_AUTH_VARIABLE):
        return None
    return _given or new_token()


def token_folder() -> str:
    """Where the token is kept for its owner: BLD_REMOTE_TOKEN_FOLDER, by default of this user."""
    return os.environ.get(FOLDER_VARIABLE, "").strip() or state_folder()


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").strip().lower() in _YES


def startup_options() -> dict[str, object]:
    """The variables as they are set, and what the service makes of them."""
    return {
        PORT_VARIABLE: os.environ.get(PORT_VARIABLE) or f"{DEFAULT_PORT} (default)",
        START_VARIABLE: os.environ.get(START_VARIABLE) or "false (default)",
        HOST_VARIABLE: os.environ.get(HOST_VARIABLE) or f"{DEFAULT_HOST} (default)",
        "auto_start_enabled": start_now(),
        "configured_port": port(),
    }
