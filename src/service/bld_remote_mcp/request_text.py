"""Reads a request's bytes as JSON, and finds in it what would trouble Blender or the answer."""

import math
import re
from collections.abc import Iterator
from typing import cast

from .json_text import Decoder

# Half of a surrogate pair can only come in as an escape: UTF-8 itself has none.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE_LENGTH = 4
# Python's global lock isn't let go in a search.
_SEARCH_STEP = 4 * 1024 * 1024
# Before 3.10.7, Python takes minutes for an integer of a million digits.
NUMBER_LENGTH = 1000


def read_request(message: bytes | memoryview) -> tuple[dict[str, object], str | None]:
    """The request in a complete message, one JSON object, and what is wrong with it, if anything.

    Wrong is half of a surrogate pair (Blender 3.4 crashes for a name with one), a number that isn't
    finite (no answer can hold it) or has more than NUMBER_LENGTH characters, and a name that occurs
    twice in an object. ValueError or RecursionError where the message can't be read; then its end
    is in doubt, too.
    """
    reader = _Reader()
    decoder = Decoder(
        object_pairs_hook=reader.object_of,
        parse_int=reader.integer_of,
        parse_float=reader.number_of,
        parse_constant=reader.constant_of,
    )
    request = decoder.decode(str(message, "utf-8"))
    if reader.wrong is None and _may_have_halves(message):
        for place in _halves(request):
            return request, f"{place} has half of a surrogate pair, which is no text in UTF-8"
    return request, reader.wrong


class _Reader:
    """What JSON is read with; keeps the first thing that is wrong."""

    def __init__(self) -> None:
        self.wrong: str | None = None

    def object_of(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            left = set(found)
            for name, _value in pairs:
                if name not in left:
                    self._complain(f"an object has two values of the name {_short(name)}")
                left.discard(name)
        return found

    def integer_of(self, text: str) -> int:
        return 0 if self._is_too_long(text) else int(text)

    def number_of(self, text: str) -> float:
        number = 0.0 if self._is_too_long(text) else float(text)
        if not math.isfinite(number):
            self._complain(f"the number {text[:40]} is too large")
        return number

    def _is_too_long(self, text: str) -> bool:
        too_long = len(text) > NUMBER_LENGTH
        if too_long:
            self._complain(f"the number {text[:40]}… has more than {NUMBER_LENGTH} characters")
        return too_long

    def constant_of(self, text: str) -> float:
        self._complain(f"{text} is no number in JSON")
        return 0.0

    def _complain(self, wrong: str) -> None:
        self.wrong = self.wrong or wrong


def _may_have_halves(message: bytes | memoryview) -> bool:
    steps = range(0, len(message), _SEARCH_STEP)
    return any(
        _SURROGATE.search(message, at, at + _SEARCH_STEP + _SURROGATE_LENGTH - 1) for at in steps
    )


def _halves(request: dict[str, object]) -> Iterator[str]:
    """Where texts are that have no UTF-8, as `params.name`."""
    waiting: list[tuple[object, str]] = [(request, "")]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, str):
            if not _is_utf8(value):
                yield place
        elif isinstance(value, list):
            items = cast("list[object]", value)
            waiting += ((item, f"{place}[{index}]") for index, item in enumerate(items))
        elif isinstance(value, dict):
            for name, item in cast("dict[str, object]", value).items():
                if not _is_utf8(name):
                    yield f"the name {_short(name)}"
                waiting.append((item, f"{place}.{name}" if place else name))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short(name: str) -> str:
    return ascii(name if len(name) <= 40 else f"{name[:40]}...")
