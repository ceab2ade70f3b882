"""The service's own log: the real stderr, so that captured output never holds it."""

import logging
import os
import sys

LEVEL_VARIABLE = "BLD_REMOTE_LOG_LEVEL"
_LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
}

logger = logging.getLogger("bld_remote_mcp")


def enable() -> None:
    """Give the logger its one handler and the level of BLD_REMOTE_LOG_LEVEL (default INFO)."""
    disable()
    logger.propagate = False
    name = os.environ.get(LEVEL_VARIABLE, "INFO").strip().upper()
    logger.setLevel(_LEVELS.get(name, logging.INFO))
    logger.addHandler(_handler())
    if name not in _LEVELS:
        logger.warning("%s=%r is none of %s; using INFO", LEVEL_VARIABLE, name, ", ".join(_LEVELS))


def disable() -> None:
    """Take the handler away."""
    for handler in list(logger.handlers):
        logger.removeHandler(handler)


def _handler() -> logging.Handler:
    if sys.__stderr__ is None:  # Blender on Windows without a console
        return logging.NullHandler()
    handler = logging.StreamHandler(sys.__stderr__)
    handler.setFormatter(
        logging.Formatter("[BLD Remote][%(levelname)s][%(asctime)s] %(message)s", "%H:%M:%S")
    )
    return handler
