"""Names what is broken about the packages in a folder, and what was left there half done."""

import os
from typing import TypedDict

from package_metadata import Distribution, entries_of, name_of
from package_origins import resource
from python_folders import USER_MODULES, real, site_folders
from unfinished_changes import unfinished


class Broken(TypedDict):
    """A path that is broken, and what about it: a sentence without its subject's path."""

    folder: str
    path: str
    problem: str
    # ``metadata`` of one package; ``leftover`` of pip; ``unfinished``: a change of ours.
    kind: str
    # What its own name says whose it is; may be empty.
    name: str
    # Else it is a file or a link.
    is_folder: bool
    # The ``--target`` by which its folder is installed into; empty for another folder.
    target: str


def broken(folder: str, entry: str, kind: str, problem: str) -> Broken:
    path = os.path.join(folder, entry)
    return {
        "folder": folder,
        "path": path,
        "problem": problem,
        "kind": kind,
        "name": name_of(entry) if kind == "metadata" else "",
        "is_folder": os.path.isdir(path) and not os.path.islink(path),
        "target": target_of(folder),
    }


def target_of(folder: str) -> str:
    place = real(folder)
    if place in [real(os.path.join(scripts, USER_MODULES)) for scripts in resource("SCRIPTS")]:
        return "user-modules"
    return "site" if place in [real(one) for one in site_folders()] else ""


def broken_metadata(distribution: Distribution) -> Broken | None:
    """Tell what is broken about a package's metadata, if anything."""
    problem = distribution.problem()
    if problem is None:
        return None
    return broken(distribution.folder, os.path.basename(distribution.path), "metadata", problem)


def left_behind(folder: str) -> list[Broken]:
    """Name what pip or we were not let finish in a folder."""
    names = entries_of(folder)
    leftovers = [
        broken(folder, name, "leftover", "pip was interrupted and left it")
        for name in sorted(names)
        if name.startswith("~") and name.endswith(".dist-info")
    ]
    cut_off = [
        broken(folder, name, "unfinished", "a change of the user modules was cut off")
        for name in unfinished(folder, names)
    ]
    return leftovers + cut_off
