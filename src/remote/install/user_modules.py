"""Installs what pip has put into a staging folder into Blender's user modules folder.

pip's ``--target`` neither upgrades nor removes what is there already, and puts console scripts
beside the modules. So pip fills an empty folder, and this moves the packages into place: the files
of an older version go, those of the new one come, and when anything fails all is as it was.
Removing packages is the same with nothing that comes.
"""

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any, TypedDict

from module_change import Recovered, change, plan_of, recover, settle
from module_records import distributions, drop_scripts, owner_name, strangers
from module_stage import make_place
from package_metadata import Distribution


class FolderArguments(TypedDict):
    """The user modules folder."""

    folder: str


class Recovery(TypedDict):
    """What an earlier command wasn't let finish."""

    recovered: list[Recovered]


class Stage(TypedDict):
    """A staging folder."""

    stage: str


class SwapArguments(FolderArguments, Stage):
    """The user modules folder, and what to move into it."""


class Swapped(TypedDict):
    """What became of what was staged."""

    # Console scripts that were left out.
    scripts: list[str]
    # Another controller may have seen the same run's end and moved it already.
    moved: bool
    # Files in the folder that are in the way and belong to no package.
    strangers: list[str]


class UninstallArguments(FolderArguments):
    """The user modules folder, and which packages go."""

    names: list[str]


class Uninstalled(TypedDict):
    """Names of packages whose RECORD (PEP 376) doesn't tell their files."""

    unrecorded: list[str]


def recovery(arguments: FolderArguments) -> Recovery:
    """End what installs and uninstalls have left that nobody goes on with."""
    return {"recovered": recover(os.path.abspath(arguments["folder"]))}


def stage(arguments: FolderArguments) -> Stage:
    """Make an empty staging folder."""
    staged = os.path.join(make_place(os.path.abspath(arguments["folder"])), "new")
    os.mkdir(staged)
    return {"stage": staged}


def discard(arguments: Stage) -> dict[str, str]:
    """Remove the staging folder, after what was begun with it is undone. Give ``{}``."""
    settle(os.path.dirname(arguments["stage"]))
    return {}


def swap(arguments: SwapArguments) -> Swapped:
    """Move what is staged into place.

    Nothing has changed where strangers are in the way, nor with OSError.
    """
    folder, staged = os.path.abspath(arguments["folder"]), arguments["stage"]
    if not os.path.isdir(staged):
        return {"scripts": [], "moved": False, "strangers": []}
    scripts = drop_scripts(staged)
    if in_the_way := strangers(folder, staged):
        return {"scripts": [], "moved": False, "strangers": in_the_way}
    comes = distributions(staged)
    going, staying = parted(folder, {owner_name(one) for one in comes})
    place = os.path.dirname(staged)
    packages = sorted(f"{one.name} {one.version}" for one in comes)
    change(place, plan_of(place, packages, going, staying))
    # Blender puts the folder on its path at its start; importing must work without another one.
    if arguments["folder"] not in sys.path:
        sys.path.append(arguments["folder"])
    importlib.invalidate_caches()
    return {"scripts": scripts, "moved": True, "strangers": []}


def uninstall(arguments: UninstallArguments) -> Uninstalled:
    """Remove packages, by the RECORD of each.

    Nothing has changed where one has none that can be read, nor with OSError.
    """
    folder, names = os.path.abspath(arguments["folder"]), set(arguments["names"])
    going, staying = parted(folder, names)
    unrecorded = {owner_name(one) for one in going if one.record_problem() is not None}
    if unrecorded:
        return {"unrecorded": sorted(unrecorded)}
    packages = sorted(f"{owner_name(one)} {one.version}".strip() for one in going)
    place = make_place(folder)
    try:
        change(place, plan_of(place, packages, going, staying))
    except OSError:
        settle(place)
        raise
    importlib.invalidate_caches()
    return {"unrecorded": []}


def parted(folder: str, names: set[str]) -> tuple[list[Distribution], list[Distribution]]:
    """Give what is in the folder under these names, and what else there is."""
    there = distributions(folder)
    return (
        [one for one in there if owner_name(one) in names],
        [one for one in there if owner_name(one) not in names],
    )


ACTIONS: dict[str, Callable[[Any], object]] = {
    "recover": recovery,
    "stage": stage,
    "discard": discard,
    "swap": swap,
    "uninstall": uninstall,
}


class UserModulesOrder(TypedDict):
    """Names what is to be done; it comes with the arguments of that."""

    action: str


def main(arguments: UserModulesOrder) -> object:
    """Do ``arguments["action"]``."""
    return ACTIONS[arguments["action"]](arguments)
