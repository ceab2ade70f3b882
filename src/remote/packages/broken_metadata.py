"""Names what is broken about the packages in a folder, and what was left there half done."""

import contextlib
import os
from typing import TypedDict

from package_metadata import Distribution, entries_of, name_of
from package_origins import user_module_folders
from pip_leftovers import is_loaded, pip_leftovers
from python_folders import real, site_folders
from site_lock import is_taken
from unfinished_changes import unfinished


class Broken(TypedDict):
    """A path that is broken, and what about it: a sentence without its subject's path."""

    folder: str
    path: str
    problem: str
    # ``metadata`` of one package; ``half`` of one is installed; ``leftover`` of pip; ``held``: one
    # that a program has loaded; ``unfinished``: a change of ours.
    kind: str
    # What its own name says whose it is; may be empty.
    name: str
    # Else it is a file or a link.
    is_folder: bool
    # The ``--target`` by which its folder is installed into; empty for another folder.
    target: str
    # How large a leftover is, in bytes; null for the others.
    size: int | None


# Of these the entry's own name says whose it is; ``~ame`` doesn't.
NAMED_KINDS = ("metadata", "half", "unrecorded")


def broken(
    folder: str, entry: str, kind: str, problem: str, target: str, size: int | None = None
) -> Broken:
    path = os.path.join(folder, entry)
    return {
        "folder": folder,
        "path": path,
        "problem": problem,
        "kind": kind,
        "name": name_of(entry) if kind in NAMED_KINDS else "",
        "is_folder": os.path.isdir(path) and not os.path.islink(path),
        "target": target,
        "size": size,
    }


def target_of(folder: str) -> str:
    place = real(folder)
    if place in [real(modules) for modules in user_module_folders()]:
        return "user-modules"
    return "site" if place in [real(one) for one in site_folders()] else ""


def broken_metadata(distribution: Distribution, is_pips: bool) -> Broken | None:
    """Tell what is broken about a package's metadata, if anything.

    What is gone meanwhile isn't broken. ``is_pips``: as ``Origins.is_pips`` tells.
    """
    kind, problem = "metadata", distribution.problem()
    if problem is None and distribution.is_half():
        missing = distribution.missing_files()
        kind = "half"
        problem = (
            f"it is half installed: {len(missing)} of its files are missing, {missing[0]} first"
        )
    elif problem is None and is_pips and distribution.is_incomplete():
        kind = "half"
        problem = (
            "it is half installed: its RECORD is the one of its wheel, "
            "which an installer completes at its end"
        )
    elif problem is None and is_pips and distribution.is_unrecorded():
        kind = "unrecorded"
        problem = "it is half installed: it has no RECORD, which an installer writes at its end"
    if problem is None or not os.path.lexists(distribution.path):
        return None
    folder = distribution.folder
    return broken(folder, os.path.basename(distribution.path), kind, problem, target_of(folder))


def size_of(path: str) -> int:
    """Give how many bytes are below a path, links not followed."""
    total = 0
    for place, _, files in os.walk(path):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    with contextlib.suppress(OSError):
        if not os.path.isdir(path) or os.path.islink(path):
            total += os.lstat(path).st_size
    return total


def given_up(folder: str) -> list[str]:
    """Name what a pip has set aside in a folder and won't come back to."""
    leftovers = pip_leftovers(folder)
    if leftovers and is_taken(folder):
        return []
    # A pip may have had them just then, and be done.
    return [name for name in leftovers if os.path.lexists(os.path.join(folder, name))]


def leftover(folder: str, name: str, target: str) -> Broken:
    path = os.path.join(folder, name)
    kind, problem = "leftover", "a pip that was interrupted has left it"
    if is_loaded(path):
        kind, problem = "held", "it was replaced or removed while a program has it loaded"
    return broken(folder, name, kind, problem, target, size_of(path))


def left_behind(folder: str) -> list[Broken]:
    """Name what pip or we were not let finish in a folder."""
    leftovers, cut_off = given_up(folder), unfinished(folder, entries_of(folder))
    if not leftovers and not cut_off:
        return []
    target = target_of(folder)
    # Elsewhere than where pip installs, only metadata is taken for such.
    left = [one for one in leftovers if target or one.endswith(".dist-info")]
    return [leftover(folder, name, target) for name in left] + [
        broken(folder, name, "unfinished", "a change of the user modules was cut off", target)
        for name in cut_off
    ]
