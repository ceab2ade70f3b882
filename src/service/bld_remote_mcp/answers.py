"""Answers to requests: their two shapes, and their bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .json_text import dumps


class CommandError(Exception):
    """A request that failed: its message, and fields that the answer carries besides it."""

    def __init__(self, message: str, **fields: object) -> None:
        """`fields` must be serialisable as JSON."""
        super().__init__(message)
        self.fields = fields


@dataclass(frozen=True)
class Reply:
    """An answer's bytes, and what is to happen once it has been sent."""

    body: bytes
    afterwards: Callable[[], None] | None = None


def success(result: object) -> dict[str, object]:
    """The answer to a request that was carried out."""
    return {"status": "success", "result": result}


def failure(error: BaseException) -> dict[str, object]:
    """The answer to a request that failed with `error`."""
    fields = error.fields if isinstance(error, CommandError) else {}
    return {"status": "error", "message": text_of(error) or type(error).__name__, **fields}


def text_of(value: object) -> str:
    """The text of what user code may have made: whatever its __str__ raises stays in here."""
    try:
        return str(value)
    except BaseException as error:
        return f"<{type(value).__name__} whose text raised {type(error).__name__}>"


def encode(answer: Mapping[str, object]) -> bytes:
    """The answer as ASCII JSON; what can't be written as JSON becomes an error answer."""
    try:
        text = dumps(answer)
    except (TypeError, ValueError, RecursionError) as error:
        text = dumps(failure(CommandError(f"the answer can't be written as JSON: {error}")))
    return text.encode("ascii")
