"""The service's own log: the real stderr, so that captured output never holds it.

Saying something never fails and never interrupts: user code may have replaced or silenced logging.
"""

import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

LEVEL_VARIABLE = "BLD_REMOTE_LOG_LEVEL"
_LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
}

_logger = logging.getLogger("bld_remote_mcp")


class _Guarded:
    """The part of logging.Logger that the service uses."""

    def debug(self, message: str, *arguments: object) -> None:
        self._say(logging.DEBUG, message, arguments)

    def info(self, message: str, *arguments: object) -> None:
        self._say(logging.INFO, message, arguments)

    def warning(self, message: str, *arguments: object) -> None:
        self._say(logging.WARNING, message, arguments)

    def error(self, message: str, *arguments: object) -> None:
        self._say(logging.ERROR, message, arguments)

    def exception(self, message: str, *arguments: object) -> None:
        self._say(logging.ERROR, message, arguments, traceback=True)

    def _say(
        self, level: int, message: str, arguments: tuple[object, ...], *, traceback: bool = False
    ) -> None:
        try:  # noqa: SIM105 - suppress() needs the name of an exception
            _logger.log(level, message, *arguments, exc_info=traceback)
        except:  # noqa: E722 - even the name of an exception may have been deleted
            pass


logger = _Guarded()


def enable() -> None:
    """Give the logger its one handler and the level of BLD_REMOTE_LOG_LEVEL (default INFO)."""
    disable()
    _logger.propagate = False
    name = os.environ.get(LEVEL_VARIABLE, "INFO").strip().upper()
    _logger.setLevel(_LEVELS.get(name, logging.INFO))
    _logger.addHandler(_handler())
    if name not in _LEVELS:
        logger.warning("%s=%r is none of %s; using INFO", LEVEL_VARIABLE, name, ", ".join(_LEVELS))


def disable() -> None:
    """Take the handler away."""
    for handler in list(_logger.handlers):
        _logger.removeHandler(handler)


if TYPE_CHECKING:
    _StreamHandler = logging.StreamHandler[TextIO]
else:  # Python 3.10 can't subscript it
    _StreamHandler = logging.StreamHandler


class _Handler(_StreamHandler):
    """Says nothing where stderr has been closed, rather than that into a run's output."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Nothing can be said."""


def _handler() -> logging.Handler:
    if sys.__stderr__ is None:  # Blender on Windows without a console
        return logging.NullHandler()
    handler = _Handler(sys.__stderr__)
    handler.setFormatter(
        logging.Formatter("[BLD Remote][%(levelname)s][%(asctime)s] %(message)s", "%H:%M:%S")
    )
    return handler
