"""Files that the RECORD of more than one package lists (PEP 376, PEP 627), and what became of them.

pip installs the later one's over the earlier one's without a word, and removes them with either.
"""

import base64
import filecmp
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TypedDict

from package_metadata import Distribution, is_elsewhere, row_path

# How many files a message can name.
NAMED = 3
PIECE = 1024 * 1024

# Rows of RECORD by the path of the file that each names, relative to the folder of the modules.
Rows = Mapping[str, list[str]]


class Overlap(TypedDict):
    """Two packages that bring different files of one name."""

    # With versions: the one that is installed now, and the other one.
    packages: tuple[str, str]
    # The first of them.
    files: list[str]
    count: int


class Damage(TypedDict):
    """A package, and a file that it shares with one that goes, which isn't as it brought it."""

    name: str
    version: str
    file: str


def as_it_stands(folder: str, name: str) -> str:
    """Give where a file that RECORD names is, relative to the folder of the modules.

    As ``row_path`` does, and also where a link leads into the folder.
    """
    plain = row_path(folder, name)
    if not is_elsewhere(plain):
        return plain
    place, base = os.path.split(os.path.join(folder, plain))
    try:
        return os.path.relpath(
            os.path.join(os.path.realpath(place), base), os.path.realpath(folder)
        )
    except ValueError:
        # On another drive of Windows.
        return plain


def rows_of(
    one: Distribution, place: Callable[[str, str], str] = as_it_stands
) -> dict[str, list[str]]:
    """Give what a package lists, without what Python makes of it itself (``.pyc``)."""
    rows = {place(one.folder, row[0]): row for row in one.record()}
    return {path: row for path, row in rows.items() if not path.endswith(".pyc")}


def hash_in(row: list[str]) -> tuple[str, str] | None:
    """Give algorithm and digest of a row, in base64 without padding; None where it has none."""
    algorithm, _, digest = row[1].partition("=") if len(row) > 1 else ("", "", "")
    known = algorithm in hashlib.algorithms_guaranteed and not algorithm.startswith("shake_")
    return (algorithm, digest.rstrip("=")) if digest and known else None


def is_as_recorded(path: str, row: list[str]) -> bool | None:
    """Tell whether a file is the one that a row describes; None where the row has no hash."""
    expected = hash_in(row)
    if expected is None:
        return None
    try:
        size = os.stat(path).st_size
        if len(row) > 2 and row[2].isdigit() and int(row[2]) != size:
            return False
        made = hashlib.new(expected[0])
        with open(path, "rb") as file:
            while piece := file.read(PIECE):
                made.update(piece)
    except OSError:
        return False
    return base64.urlsafe_b64encode(made.digest()).rstrip(b"=").decode() == expected[1]


def label(one: Distribution) -> str:
    return f"{one.name} {one.version}".strip()


def rows_differ(row: list[str], other: list[str]) -> bool | None:
    """Tell whether two rows are of different contents; None where their hashes don't tell."""
    ours, theirs = hash_in(row), hash_in(other)
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return None
    return ours[1] != theirs[1]


def differ(
    path: str, one: Distribution, row: list[str], other: Distribution, its: list[str]
) -> bool:
    """Tell whether two packages bring different contents under one name; unknown is no."""
    told = rows_differ(row, its)
    if told is not None:
        return told
    if one.folder == other.folder:
        return False
    here, there = os.path.join(one.folder, path), os.path.join(other.folder, path)
    if not os.path.isfile(here) or not os.path.isfile(there):
        return False
    return not filecmp.cmp(here, there, shallow=False)


def overlaps(
    comes: list[Distribution],
    stays: Iterable[Distribution],
    place: Callable[[str, str], str] = as_it_stands,
) -> list[Overlap]:
    """Give the pairs of packages of which one comes that bring different files of one name."""
    found: list[Overlap] = []
    # What comes is compared among itself, too: each pair once.
    others = [(one, rows_of(one, place)) for one in [*comes, *stays]]
    for index, (one, rows) in enumerate(others[: len(comes)]):
        for other, its in others[index + 1 :]:
            both = rows.keys() & its.keys()
            files = sorted(path for path in both if differ(path, one, rows[path], other, its[path]))
            if files:
                packages = (label(one), label(other))
                found.append({"packages": packages, "files": files[:NAMED], "count": len(files)})
    return found


def damages(
    goes: list[Distribution],
    stays: Iterable[Distribution],
    place: Callable[[str, str], str] = as_it_stands,
) -> list[Damage]:
    """Give the packages that stay of whose files one was overwritten by a package that goes.

    Looks only at what both list, and no further than the first such file.
    """
    going = {path for one in goes for path in rows_of(one, place)}
    found: list[Damage] = []
    for one in stays:
        rows = rows_of(one, place)
        for path in sorted(going & rows.keys()):
            if is_as_recorded(os.path.join(one.folder, path), rows[path]) is False:
                found.append({"name": one.name, "version": one.version, "file": path})
                break
    return found
