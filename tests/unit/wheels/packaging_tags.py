"""What packaging says of machines that this one isn't: their tags, and the names of markers.

One JSON value in on stdin, one out on stdout.
"""

import json
import sys
import sysconfig
from collections.abc import Iterable
from typing import Any

from packaging import _manylinux, _musllinux, markers, tags


def linux_platforms(minor: int) -> Iterable[str]:
    """Give the platform tags of Linux on x86_64 with this glibc 2."""
    sysconfig.get_platform = lambda: "linux-x86_64"
    _manylinux._get_glibc_version = lambda: (2, minor)
    _manylinux._have_compatible_abi = lambda *_: True
    _musllinux._get_musl_version = lambda *_: None
    return tags._linux_platforms(is_32bit=False)


def platforms(machine: dict[str, Any]) -> Iterable[str]:
    if machine["kind"] == "linux":
        return linux_platforms(machine["minor"])
    if machine["kind"] == "mac":
        return tags.mac_platforms(tuple(machine["version"]), machine["machine"])
    return [machine["tag"]]


def all_tags(asked: dict[str, Any]) -> list[str]:
    """Give what `sys_tags` would give there, as it puts its two halves together."""
    python = tuple(asked["python"])
    own = f"cp{python[0]}{python[1]}"
    there = list(platforms(asked))
    cpython = tags.cpython_tags(python, [own], there)
    compatible = tags.compatible_tags(python, own, there)
    return [str(tag) for half in (cpython, compatible) for tag in half]


def main() -> None:
    asked = json.load(sys.stdin)
    answer = {
        "tags": [all_tags(one) for one in asked],
        "markers": sorted(markers.default_environment()),
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
