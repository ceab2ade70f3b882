"""What the environment says about the service."""

import os

from .log import logger

HOST_VARIABLE = "BLD_REMOTE_MCP_HOST"
PORT_VARIABLE = "BLD_REMOTE_MCP_PORT"
START_VARIABLE = "BLD_REMOTE_MCP_START_NOW"

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
    return os.environ.get(START_VARIABLE, "").strip().lower() in _YES


def startup_options() -> dict[str, object]:
    """The variables as they are set, and what the service makes of them."""
    return {
        PORT_VARIABLE: os.environ.get(PORT_VARIABLE) or f"{DEFAULT_PORT} (default)",
        START_VARIABLE: os.environ.get(START_VARIABLE) or "false (default)",
        HOST_VARIABLE: os.environ.get(HOST_VARIABLE) or f"{DEFAULT_HOST} (default)",
        "auto_start_enabled": start_now(),
        "configured_port": port(),
    }
