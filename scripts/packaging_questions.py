"""A plugin of pytest for packaging's own tests: it writes down what they ask packaging.

The questions go as one JSON object into the file that $PACKAGING_QUESTIONS names; the shape is
`Questions` in tests/unit/wheels/packaging.ts. What packaging answers is asked there again.
"""

import functools
import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from packaging import markers, requirements, specifiers, tags, utils, version

_asked: dict[str, dict[str, Any]] = {}


def _ask(kind: str, question: object) -> None:
    """Writes a question down, once."""
    _asked.setdefault(kind, {})[json.dumps(question)] = question


def _overhear(owner: object, name: str, note: Callable[..., None]) -> None:
    """Has `note` see the arguments of each call."""
    real = getattr(owner, name)

    @functools.wraps(real)
    def heard(*args: object, **options: object) -> object:
        note(*args, **options)
        return real(*args, **options)

    setattr(owner, name, heard)


def _text(kind: str) -> Callable[..., None]:
    """For what is made of one text, which is the last argument."""

    def note(*args: object, **_options: object) -> None:
        if args and isinstance(args[-1], str):
            _ask(kind, args[-1])

    return note


def _version(self: object, text: object) -> None:
    if isinstance(text, str):
        _ask("versions", text)


def _specifier(self: object, spec: object = "", *_args: object, **_options: object) -> None:
    if isinstance(spec, str):
        _ask("specifiers", spec)


def _contains(self: object, item: object, *_args: object, **_options: object) -> None:
    _ask("contains", [str(self), str(item)])


def _filter(self: object, iterable: Iterable[object], *_args: object, **_options: object) -> None:
    # Not what is asked for only once.
    if isinstance(iterable, list):
        _ask("filters", [str(self), [str(item) for item in iterable]])


def _evaluate(
    self: object,
    environment: dict[str, Any] | None = None,
    context: str = "metadata",
) -> None:
    given = environment or {}
    if context == "metadata" and all(isinstance(one, str) for one in given.values()):
        _ask("evaluations", [str(self), given])


def _cpython(
    python_version: tuple[int, ...] | None = None,
    abis: Iterable[str] | None = None,
    platforms: Iterable[str] | None = None,
    **_options: object,
) -> None:
    known = isinstance(platforms, list) and python_version is not None and not abis
    if known and len(python_version or ()) > 1:
        _ask("cpython", [list(python_version or ()), platforms])


def _mac(version: tuple[int, ...] | None = None, arch: str | None = None) -> None:
    if version is not None and arch in {"x86_64", "arm64"}:
        _ask("macs", [list(version), arch])


_overhear(version.Version, "__init__", _version)
_overhear(specifiers.Specifier, "__init__", _specifier)
_overhear(specifiers.SpecifierSet, "__init__", _specifier)
for one in (specifiers.Specifier, specifiers.SpecifierSet):
    _overhear(one, "contains", _contains)
    _overhear(one, "filter", _filter)
_overhear(markers.Marker, "__init__", _text("markers"))
_overhear(markers.Marker, "evaluate", _evaluate)
_overhear(requirements.Requirement, "__init__", _text("requirements"))
_overhear(utils, "parse_wheel_filename", _text("wheels"))
_overhear(utils, "canonicalize_name", _text("names"))
_overhear(tags, "parse_tag", _text("tags"))
_overhear(tags, "cpython_tags", _cpython)
_overhear(tags, "mac_platforms", _mac)


def pytest_sessionfinish() -> None:
    """Writes all that was asked."""
    found = {kind: list(questions.values()) for kind, questions in _asked.items()}
    with open(os.environ["PACKAGING_QUESTIONS"], "w", encoding="utf-8") as file:
        json.dump(found, file)
