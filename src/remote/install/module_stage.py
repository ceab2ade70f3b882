"""The hidden folders beside the user modules in which a change to them is made.

.blender-remote-<random>/owner      held as long as the Blender lives that made it
                         new/       what pip has put there, until it is moved into place
                         old/       what was moved away for it
                         plan.json  what moves; written before anything does
"""

import os
import shutil
import tempfile
import time
from io import FileIO
from pathlib import Path

import pip_registry
from file_lock import hold, is_held, lock
from unfinished_changes import OWNER, PREFIX, changing, has_plan, held

# Between two steps of an install a staging folder has no run; each follows the other at once.
IDLE_SECONDS = 60


def make_place(folder: str) -> str:
    os.makedirs(folder, exist_ok=True)
    place = tempfile.mkdtemp(prefix=PREFIX, dir=folder)
    # Shows other Blenders, as long as this one lives, that the folder is in use.
    held()[place] = hold(os.path.join(place, OWNER))
    return place


def remove_place(place: str) -> None:
    """Remove a folder whose change is over.

    On Windows files that are loaded can be moved but not removed: the next command takes them.
    """
    release(place)
    shutil.rmtree(place, ignore_errors=True)


def is_needed(place: str) -> bool:
    """Tell whether an install, in whatever Blender, still goes on in a folder."""
    if place not in held():
        return is_held(Path(place, OWNER)) is not False
    if has_plan(place):
        return place in changing()
    new = os.path.join(place, "new")
    if pip_registry.current_stage() == new:
        return True
    try:
        # A clock that was put back must not keep it for ever.
        return abs(time.time() - os.stat(new).st_mtime) < IDLE_SECONDS
    except OSError:
        return False


def adopt(place: str) -> bool:
    """Take over a folder that nobody needs; False where another Blender was faster."""
    if place in held():
        return True
    try:
        file = FileIO(os.path.join(place, OWNER), "ab")
    except OSError:
        return False
    if not lock(file):
        file.close()
        return False
    held()[place] = file
    return True


def release(place: str) -> None:
    """Let another command, in whatever Blender, take a folder over."""
    file = held().pop(place, None)
    if file is not None:
        file.close()


def abandoned_places(folder: str) -> list[str]:
    """Give the folders of changes that nobody goes on with."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    places = [os.path.join(folder, name) for name in names if name.startswith(PREFIX)]
    return [place for place in places if os.path.isdir(place) and not is_needed(place)]
