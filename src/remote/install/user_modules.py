"""Installs what pip has put into a staging folder into Blender's user modules folder.

pip's ``--target`` neither upgrades nor removes what is there already, and puts console scripts
beside the modules. So pip fills an empty folder, and this moves the packages into place: the files
of an older version go, those of the new one come, and when anything fails all is as it was.
Removing packages is the same with nothing that comes. What may take long is a job.
"""

import contextlib
import importlib
import os
import sys
import time
from collections.abc import Callable, Generator
from typing import Any, TypedDict

import module_job
from module_change import Recovered, change, plan_of, recover, settle
from module_job import ChangeProgress, JobState
from module_records import place_among, settle_records, strangers
from module_stage import make_place
from package_metadata import distributions, owner_name, parted
from shared_files import Damage, Overlap, damages, overlaps
from site_lock import release_all, take_all
from start_files import only_by_start, start_files
from unfinished_changes import changing, has_plan

# A change takes seconds: so long one waits for that of another Blender.
TAKEN_SECONDS = 60


class TakenError(Exception):
    """Another Blender has kept the folder for too long; nothing was changed."""


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

    # Files of others that are overwritten were told of.
    accepted: bool


class Swapped(TypedDict):
    """What became of what was staged."""

    # Console scripts that were left out.
    scripts: list[str]
    # Files that pip has left out.
    lost: list[str]
    # Another controller may have seen the same run's end and moved it already.
    moved: bool
    # Files in the folder that are in the way and belong to no package.
    strangers: list[str]
    # Packages whose modules are found through a ``.pth`` file only, each with that file.
    unreachable: list[tuple[str, str]]
    # All ``.pth`` files, which Python doesn't read there.
    starts: list[str]
    # Files that several packages bring; nothing was moved unless that was accepted.
    overlaps: list[Overlap]


class UninstallArguments(FolderArguments):
    """The user modules folder, and which packages go."""

    names: list[str]


class Uninstalled(TypedDict):
    """What became of the packages."""

    # Names of those whose RECORD (PEP 376) doesn't tell their files; then nothing was removed.
    unrecorded: list[str]
    # Packages that stay, of whose files a removed one had overwritten some.
    damaged: list[Damage]


def recovery(arguments: FolderArguments, _: ChangeProgress) -> Recovery:
    """End what installs and uninstalls have left that nobody goes on with."""
    return {"recovered": recover(os.path.abspath(arguments["folder"]))}


def stage(arguments: FolderArguments) -> Stage:
    """Make an empty staging folder."""
    staged = os.path.join(make_place(os.path.abspath(arguments["folder"])), "new")
    os.mkdir(staged)
    return {"stage": staged}


def discard(arguments: Stage) -> dict[str, str]:
    """Remove the staging folder, after what was begun with it is undone. Give ``{}``."""
    place = os.path.dirname(arguments["stage"])
    # A job that goes on with it clears up itself.
    if place in changing():
        return {}
    locks = take_all([os.path.dirname(place)]) if has_plan(place) else []
    # While another change goes on nothing moves back: the next command does that.
    if not isinstance(locks, str):
        try:
            settle(place)
        finally:
            release_all(locks)
    return {}


def swap(arguments: SwapArguments, progress: ChangeProgress) -> Swapped:
    """Move what is staged into place.

    Nothing has changed where strangers are in the way, nor with what only a ``.pth`` file would
    make importable, nor with overlaps that aren't accepted, nor
    with OSError.
    """
    folder, staged = os.path.abspath(arguments["folder"]), arguments["stage"]
    swapped: Swapped = {
        "scripts": [],
        "lost": [],
        "moved": False,
        "strangers": [],
        "unreachable": [],
        "starts": [],
        "overlaps": [],
    }
    if not os.path.isdir(staged):
        return swapped
    swapped["scripts"], swapped["lost"] = settle_records(staged)
    swapped["strangers"] = strangers(folder, staged)
    comes = distributions(staged)
    going, staying = parted(folder, {owner_name(one) for one in comes})
    swapped["overlaps"] = overlaps(comes, staying, place_among)
    swapped["unreachable"] = [
        (one.name, file) for one in comes if (file := only_by_start(one)) is not None
    ]
    swapped["starts"] = [file for one in comes for file in start_files(one)]
    stops = swapped["strangers"] or swapped["unreachable"]
    if stops or (swapped["overlaps"] and not arguments["accepted"]):
        return swapped
    place = os.path.dirname(staged)
    packages = sorted(f"{one.name} {one.version}" for one in comes)
    change(place, plan_of(place, packages, going, staying), progress)
    # Blender puts the folder on its path at its start; importing must work without another one.
    if arguments["folder"] not in sys.path:
        sys.path.append(arguments["folder"])
    importlib.invalidate_caches()
    return {**swapped, "moved": True}


def uninstall(arguments: UninstallArguments, progress: ChangeProgress) -> Uninstalled:
    """Remove packages, by the RECORD of each.

    Nothing has changed where one has none that can be read, nor with OSError.
    """
    folder, names = os.path.abspath(arguments["folder"]), set(arguments["names"])
    going, staying = parted(folder, names)
    unrecorded = {owner_name(one) for one in going if one.record_problem() is not None}
    if unrecorded:
        return {"unrecorded": sorted(unrecorded), "damaged": []}
    packages = sorted(f"{owner_name(one)} {one.version}".strip() for one in going)
    damaged = damages(going, staying, place_among)
    place = make_place(folder)
    try:
        change(place, plan_of(place, packages, going, staying), progress)
    except (OSError, module_job.StoppedError):
        settle(place)
        raise
    importlib.invalidate_caches()
    return {"unrecorded": [], "damaged": damaged}


class ModuleJobArguments(TypedDict):
    """Which job, and how many seconds to wait for its end."""

    job: str
    wait: float


class WorkArguments(ModuleJobArguments):
    """A job that begins: what it does, and the arguments of that."""

    work: str
    arguments: Any


WORKS: dict[str, Callable[[Any, ChangeProgress], object]] = {
    "recover": recovery,
    "swap": swap,
    "uninstall": uninstall,
}


@contextlib.contextmanager
def alone(folder: str, progress: ChangeProgress) -> Generator[None]:
    """Keep other Blenders from changing the folder, after what one of them changes just then.

    Raises TakenError, or that the job was told to stop.
    """
    until = time.monotonic() + TAKEN_SECONDS
    while isinstance(locks := take_all([folder]), str):
        progress.check()
        if time.monotonic() > until:
            raise TakenError(folder)
        time.sleep(module_job.TURN)
    try:
        yield
    finally:
        release_all(locks)


def begin(order: WorkArguments) -> JobState:
    """Begin a job, and tell how far it is soon."""

    def work(progress: ChangeProgress) -> object:
        # What is there is looked at only then: it may be another Blender's doing.
        with alone(os.path.abspath(order["arguments"]["folder"]), progress):
            return WORKS[order["work"]](order["arguments"], progress)

    return module_job.begin(order["job"], work, order["wait"])


def look(order: ModuleJobArguments) -> JobState:
    """Tell how far a job is."""
    return module_job.look(order["job"], order["wait"])


def stop(order: ModuleJobArguments) -> JobState:
    """Tell a job to stop, and how far it is."""
    return module_job.stop(order["job"], order["wait"])


ACTIONS: dict[str, Callable[[Any], object]] = {
    "stage": stage,
    "discard": discard,
    "begin": begin,
    "look": look,
    "stop": stop,
}


class UserModulesOrder(TypedDict):
    """Names what is to be done; it comes with the arguments of that."""

    action: str


def main(arguments: UserModulesOrder) -> object:
    """Do ``arguments["action"]``."""
    return ACTIONS[arguments["action"]](arguments)
