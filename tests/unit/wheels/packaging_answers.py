"""What packaging answers to questions about versions, specifiers, markers, requirements and tags.

Run with the path of a pip wheel, which brings it; the questions come as one JSON value on stdin,
and the answers go to stdout, in the shapes that `Questions` and `Answers` of packaging.ts have.
"""

import functools
import itertools
import json
import sys
from collections.abc import Callable
from typing import Any, TypeVar

sys.path.insert(0, sys.argv[1])

from pip._vendor.packaging import tags, utils
from pip._vendor.packaging.markers import Marker
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.version import Version

T = TypeVar("T")


def _or_none(answer: Callable[[], T]) -> T | None:
    # KeyError: a marker that asks for what the environment doesn't have.
    try:
        return answer()
    except (ValueError, KeyError):
        return None


def _is(make: Callable[[str], object], text: str) -> bool:
    try:
        make(text)
    except ValueError:
        return False
    return True


@functools.cache
def _version(text: str) -> dict[str, Any] | None:
    if not _is(Version, text):
        return None
    version = Version(text)
    return {"text": str(version), "prerelease": version.is_prerelease}


def _order(texts: list[str]) -> list[list[str]]:
    valid = sorted((one for one in texts if _version(one)), key=Version)
    return [list(same) for _, same in itertools.groupby(valid, key=Version)]


@functools.cache
def _item(text: str) -> Version | str:
    """As pip asks: it has read the version, where it is one."""
    return Version(text) if _version(text) else text


def _contains(specifier: str, text: str) -> bool | None:
    return _or_none(lambda: SpecifierSet(specifier).contains(_item(text), prereleases=True))


def _filter(specifier: str, texts: list[str]) -> list[str] | None:
    return _or_none(
        lambda: list(
            SpecifierSet(specifier).filter([one for one in texts if _version(one)], key=_item)
        )
    )


def _evaluate(marker: str, environment: dict[str, str]) -> bool | None:
    return _or_none(lambda: Marker(marker).evaluate(environment))


def _requirement(text: str) -> dict[str, Any] | None:
    def read() -> dict[str, Any]:
        one = Requirement(text)
        return {
            "name": utils.canonicalize_name(one.name),
            "extras": sorted(one.extras),
            "clauses": sorted({str(each) for each in one.specifier}),
            "hasMarker": one.marker is not None,
            "isUrl": one.url is not None,
        }

    return _or_none(read)


def _wheel(filename: str) -> dict[str, Any] | None:
    def read() -> dict[str, Any]:
        name, version, build, found = utils.parse_wheel_filename(filename)
        return {
            "name": str(name),
            "version": str(version),
            "build": "".join(map(str, build)),
            "tags": sorted(map(str, found)),
        }

    return _or_none(read)


def _tags(text: str) -> list[str]:
    return sorted(map(str, tags.parse_tag(text)))


def _cpython(version: list[int], platforms: list[str]) -> list[str]:
    abis = [tags.interpreter_name() + "".join(map(str, version[:2]))]
    own = tags.cpython_tags(version, abis, platforms)
    interpreter = f"cp{version[0]}{version[1]}"
    pure = tags.compatible_tags(version, interpreter, platforms)
    return [str(tag) for tag in itertools.chain(own, pure)]


def _mac(version: tuple[int, int], processor: str) -> list[str]:
    return list(tags.mac_platforms(tuple(version), processor))


_answers: dict[str, Callable[[Any], Any]] = {
    "versions": lambda texts: [_version(one) for one in texts],
    "order": _order,
    "specifiers": lambda texts: [_is(SpecifierSet, one) for one in texts],
    "contains": lambda cases: [_contains(*case) for case in cases],
    "filters": lambda cases: [_filter(*case) for case in cases],
    "markers": lambda texts: [_is(Marker, one) for one in texts],
    "evaluations": lambda cases: [_evaluate(*case) for case in cases],
    "requirements": lambda texts: [_requirement(one) for one in texts],
    "wheels": lambda texts: [_wheel(one) for one in texts],
    "names": lambda texts: [utils.canonicalize_name(one) for one in texts],
    "tags": lambda texts: [_or_none(lambda one=one: _tags(one)) for one in texts],
    "cpython": lambda cases: [_cpython(*case) for case in cases],
    "macs": lambda cases: [_mac(*case) for case in cases],
}

asked = json.load(sys.stdin)
json.dump({kind: _answers[kind](asked[kind]) for kind in asked}, sys.stdout)
