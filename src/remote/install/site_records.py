"""Lets pip's uninstall keep the files that another package in the same folder lists as well.

pip removes all that a package's RECORD lists. So what isn't the package's alone is taken out of its
RECORD before, in one step; where pip fails the RECORD is put back. Should nobody come to do that,
the package is still whole, and what another one lists stays to that one.
"""

import os
import shutil
from collections.abc import Callable
from typing import Any, TypedDict

from package_metadata import Distribution, parted, record_text
from shared_files import Damage, as_it_stands, damages


class Goes(TypedDict):
    """A package that pip is about to remove, and the folder that it is in."""

    name: str
    folder: str


class KeptRecord(TypedDict):
    """A RECORD as it was: its absolute path, its text, and its time in nanoseconds."""

    path: str
    text: str
    modified: str


class Shared(TypedDict):
    """What was taken out of where, and which packages are damaged already."""

    records: list[KeptRecord]
    damaged: list[Damage]


class KeepArguments(TypedDict):
    """All that pip is about to remove."""

    packages: list[Goes]


class RestoreArguments(TypedDict):
    """What pip has failed to remove."""

    records: list[KeptRecord]


def write(path: str, text: str) -> None:
    """Write a file in one piece, with the rights of the one that is there."""
    part = f"{path}.part"
    with open(part, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    shutil.copymode(path, part)
    os.replace(part, path)


def keep(arguments: KeepArguments) -> Shared:
    """Take what others list as well out of the RECORD of each package that goes."""
    goes = {(one["folder"], one["name"]) for one in arguments["packages"]}
    shared: Shared = {"records": [], "damaged": []}
    try:
        for folder in sorted({folder for folder, _ in goes}):
            names = {name for place, name in goes if place == folder}
            keep_in(folder, names, shared)
    except OSError:
        restore({"records": shared["records"]})
        raise
    return shared


def keep_in(folder: str, names: set[str], shared: Shared) -> None:
    going, staying = parted(folder, names)
    theirs = {path for one in staying for path in listed(one)}
    shared["damaged"] += damages(going, staying)
    for one in going:
        rows = one.record()
        kept = [row for row in rows if as_it_stands(one.folder, row[0]) not in theirs]
        # One that pip can't read either is left to it.
        if len(kept) == len(rows) or one.record_problem() is not None:
            continue
        path = os.path.join(one.path, "RECORD")
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        modified = str(os.stat(path).st_mtime_ns)
        write(path, record_text(kept))
        shared["records"].append({"path": path, "text": text, "modified": modified})


def listed(one: Distribution) -> set[str]:
    """Give all that a package lists, what Python makes of it, too."""
    return {as_it_stands(one.folder, row[0]) for row in one.record()}


def restore(arguments: RestoreArguments) -> dict[str, str]:
    """Put back the RECORD of packages that are still there. Give ``{}``."""
    for record in arguments["records"]:
        if os.path.isfile(record["path"]):
            write(record["path"], record["text"])
            modified = int(record["modified"])
            os.utime(record["path"], ns=(modified, modified))
    return {}


ACTIONS: dict[str, Callable[[Any], object]] = {"keep": keep, "restore": restore}


class SiteRecordsOrder(TypedDict):
    """Names what is to be done; it comes with the arguments of that."""

    action: str


def main(arguments: SiteRecordsOrder) -> object:
    """Do ``arguments["action"]``."""
    return ACTIONS[arguments["action"]](arguments)
