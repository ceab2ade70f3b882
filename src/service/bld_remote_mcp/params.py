"""Reads the parameters of a request; a CommandError refuses what is of the wrong type."""

import math
from collections.abc import Mapping
from typing import cast

from .answers import CommandError

_LABEL_LIMIT = 200

Params = Mapping[str, object]
"""One JSON object, of whose values nothing is known yet."""


def as_params(value: object, what: str = "params") -> Params:
    """The value, which must be a JSON object; `what` names it."""
    if not isinstance(value, dict):
        raise CommandError(f"{what} must be an object, not {type(value).__name__}")
    return cast("Params", value)  # The names in a JSON object are always strings


def text_or_none(params: Params, name: str) -> str | None:
    """A string, or None where it is absent or null."""
    value = params.get(name)
    if value is not None and not isinstance(value, str):
        raise CommandError(f"{name} must be a string, not {type(value).__name__}")
    return value


def label(params: Params, name: str) -> str | None:
    """A line for people's eyes, cut to 200 characters; None where it is absent, null or empty."""
    value = text_or_none(params, name) or ""
    shown = "".join(letter if letter.isprintable() else " " for letter in value[:_LABEL_LIMIT])
    return shown.strip() or None


def flag(params: Params, name: str, default: bool) -> bool:
    """True or false, or `default` where it is absent or null."""
    value = params.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise CommandError(f"{name} must be true or false, not {value!r}")
    return value


def number(params: Params, name: str, default: float, least: float, most: float) -> float:
    """A number within bounds, or `default` where it is absent or null."""
    value = params.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        raise CommandError(f"{name} must be a finite number, not {value!r}")
    if not least <= value <= most:
        raise CommandError(f"{name} must be between {least:g} and {most:g}, not {value!r}")
    return value


def timeout(params: Params) -> float | None:
    """`_timeout_seconds`; None, which is no limit, where it is absent or not positive."""
    value = params.get("_timeout_seconds")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        raise CommandError(f"_timeout_seconds must be a finite number, not {value!r}")
    return float(value) if value > 0 else None


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # An integer beyond every float
        return False
