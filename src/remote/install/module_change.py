"""A change to the user modules folder, each step one rename; whatever ends it, it can be undone.

The plan is on the disk before anything moves: which files go, which come. Then the old ones move to
``old``, the new ones to their places, and the plan gets another name: from then on all is done. A
Blender that is killed before has left a plan, by which the next command puts everything back; one
that is killed after it has left nothing but what is to be cleared away.
"""

import contextlib
import json
import os
import shutil
from typing import TypedDict, cast

from module_job import ChangeProgress
from module_records import files_below, files_of
from module_stage import abandoned_places, adopt, release, remove_place
from package_metadata import Distribution
from unfinished_changes import DONE, PLAN, changing

# The coarsest time that a file system keeps, in seconds.
TIME_GRAIN = 2


class Plan(TypedDict):
    """All paths are relative to the user modules folder."""

    # What is installed or removed, with versions.
    packages: list[str]
    installs: bool
    goes: list[str]
    # With size and time, by which a file is known again.
    comes: dict[str, tuple[int, float]]
    # Folders that don't exist yet, inner ones first.
    made: list[str]
    # Folders of metadata that goes, which may be empty.
    emptied: list[str]


class Recovered(TypedDict):
    """A change that wasn't finished, and now is one way or the other."""

    packages: list[str]
    installs: bool
    # What was there before is back; else the change was done, and is.
    undone: bool


class HalfDoneError(Exception):
    """A change failed, and so did its undoing, which the next command tries again."""


def plan_of(
    place: str, packages: list[str], going: list[Distribution], staying: list[Distribution]
) -> Plan:
    """Plan to put in place what is in ``new``, if anything, for packages that go."""
    folder = os.path.dirname(place)
    goes = files_of(folder, going, staying)
    staged = os.path.join(place, "new")
    comes: dict[str, tuple[int, float]] = {}
    made: set[str] = set()
    for path in files_below(staged):
        status = os.lstat(os.path.join(staged, path))
        comes[path] = (status.st_size, status.st_mtime)
        parent = os.path.dirname(path)
        while parent and not os.path.exists(os.path.join(folder, parent)):
            made.add(parent)
            parent = os.path.dirname(parent)
    # What is the same as what comes, or another package's too.
    taken = [path for path in comes if os.path.lexists(os.path.join(folder, path))]
    return {
        "packages": packages,
        "installs": bool(comes),
        "goes": list(dict.fromkeys([*goes, *taken])),
        "comes": comes,
        "made": sorted(made, key=lambda path: (-path.count(os.sep), path)),
        "emptied": [os.path.basename(one.path) for one in going],
    }


def flush_folder(path: str) -> None:
    """Let a folder's entries be on the disk, where that can be asked for."""
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def write_plan(place: str, plan: Plan) -> None:
    path = os.path.join(place, PLAN)
    with open(f"{path}.part", "w", encoding="utf-8") as file:
        json.dump(plan, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.part", path)
    flush_folder(place)


def read_plan(place: str, name: str) -> Plan | None:
    try:
        with open(os.path.join(place, name), encoding="utf-8") as file:
            return cast("Plan", json.load(file))
    except FileNotFoundError:
        return None


def move(source: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.replace(source, target)


def change(place: str, plan: Plan, progress: ChangeProgress) -> None:
    """Do what is planned, and remove the place.

    Raises what went wrong, or that it was told to stop, when all is as it was, and the place still
    there; else HalfDoneError.
    """
    changing().add(place)
    try:
        make_change(place, plan, progress)
        finish(place, plan)
    finally:
        changing().discard(place)


def make_change(place: str, plan: Plan, progress: ChangeProgress) -> None:
    folder = os.path.dirname(place)
    progress.total = len(plan["goes"]) + len(plan["comes"])
    write_plan(place, plan)
    try:
        for path in plan["goes"]:
            progress.step()
            move(os.path.join(folder, path), os.path.join(place, "old", path))
        for path in plan["comes"]:
            progress.step()
            move(os.path.join(place, "new", path), os.path.join(folder, path))
        os.replace(os.path.join(place, PLAN), os.path.join(place, DONE))
    except BaseException as error:
        try:
            undo(place, plan)
        except OSError as again:
            raise HalfDoneError(f"{error}; {again}") from error
        raise
    progress.done = True
    flush_folder(place)


def finish(place: str, plan: Plan) -> None:
    """Clear away what a change that is done doesn't need any more."""
    folder = os.path.dirname(place)
    for parent in {os.path.dirname(path) for path in plan["goes"]}:
        prune(folder, parent)
    for metadata in plan["emptied"]:
        for inner, _, _ in os.walk(os.path.join(folder, metadata), topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(inner)
    remove_place(place)


def undo(place: str, plan: Plan) -> None:
    """Put everything back, wherever the change stands.

    What somebody else has put there meanwhile stays. Raises OSError; then it can be tried again.
    """
    folder, old, new = (
        os.path.dirname(place),
        os.path.join(place, "old"),
        os.path.join(place, "new"),
    )
    goes = set(plan["goes"])
    for path in reversed(plan["comes"]):
        target, staged = os.path.join(folder, path), os.path.join(new, path)
        not_gone = path in goes and not os.path.lexists(os.path.join(old, path))
        if os.path.lexists(staged) or not_gone or not is_known(target, plan["comes"][path]):
            continue
        move(target, staged)
    for path in reversed(plan["goes"]):
        kept, target = os.path.join(old, path), os.path.join(folder, path)
        if os.path.lexists(kept) and not os.path.lexists(target):
            move(kept, target)
    for path in plan["made"]:
        prune(folder, path)
    # From here on there is nothing to put back.
    os.remove(os.path.join(place, PLAN))


def is_known(path: str, identity: tuple[int, float]) -> bool:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    size, time = identity
    return status.st_size == size and abs(status.st_mtime - time) <= TIME_GRAIN


def prune(folder: str, start: str) -> None:
    """Remove folders that have become empty, from ``start`` upwards, below ``folder``."""
    while start:
        path = os.path.join(folder, start)
        with contextlib.suppress(OSError):
            if os.listdir(path) == ["__pycache__"]:
                shutil.rmtree(os.path.join(path, "__pycache__"), ignore_errors=True)
        try:
            os.rmdir(path)
        except FileNotFoundError:
            pass
        except OSError:
            return
        start = os.path.dirname(start)


def settle(place: str) -> Recovered | None:
    """Undo or finish what was begun in a place, and remove it; None where nothing was.

    Raises OSError, or ValueError for a plan that isn't one; then all stays as it is.
    """
    planned, done = read_plan(place, PLAN), read_plan(place, DONE)
    if planned is not None:
        undo(place, planned)
    elif done is not None:
        finish(place, done)
    remove_place(place)
    plan = planned or done
    if plan is None:
        return None
    undone = planned is not None
    return {"packages": plan["packages"], "installs": plan["installs"], "undone": undone}


def recover(folder: str) -> list[Recovered]:
    """End what installs and uninstalls have left that nobody goes on with.

    A plan that isn't one is left alone. Raises OSError; then it can be tried again.
    """
    found: list[Recovered | None] = []
    for place in abandoned_places(folder):
        if not adopt(place):
            continue
        try:
            found.append(settle(place))
        except ValueError:
            # What is in there may be all that is left of a package.
            continue
        finally:
            release(place)
    return [one for one in found if one]
