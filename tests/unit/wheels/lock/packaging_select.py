"""What packaging takes of locks (PEP 751), in the version that pip has.

Run with the path of a pip wheel as its argument; one JSON value in on stdin, one out on stdout: for
each question the files by package, or the kind of the error.
"""

import json
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])

from pip._vendor import tomli
from pip._vendor.packaging.pylock import Pylock, PylockSelectError, PylockValidationError
from pip._vendor.packaging.tags import parse_tag


def files(asked: dict[str, Any]) -> dict[str, str] | str:
    try:
        lock = Pylock.from_dict(tomli.loads(asked["text"]))
    except PylockValidationError as error:
        return f"bad-lock: {error}"
    tags = [tag for text in asked["tags"] for tag in parse_tag(text)]
    taken: dict[str, str] = {}
    try:
        for package, source in lock.select(
            environment=asked["markers"],
            tags=tags,
            extras=asked["extras"],
            dependency_groups=asked["groups"] or None,
        ):
            taken[package.name] = getattr(source, "filename", type(source).__name__)
    except PylockSelectError as error:
        return f"refused: {error}"
    return taken


def main() -> None:
    json.dump([files(asked) for asked in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
