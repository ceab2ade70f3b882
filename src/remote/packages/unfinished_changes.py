"""What a change to the user modules leaves beside them until it is done.

A change is a hidden folder among the modules; ``module_change.py`` makes it and describes it.
"""

import os
import sys
import types
from io import FileIO
from pathlib import Path

from file_lock import is_held

# Beside the modules, so that everything moves by renaming; a name that no import can mean.
PREFIX = ".blender-remote-"

# Until this is renamed to the other, nothing counts as done.
PLAN = "plan.json"
DONE = "done.json"

# Held as long as the Blender lives that makes the change.
OWNER = "owner"


# Every call runs in a namespace of its own; a module is what stays between them.
REGISTRY = "_blender_remote_stages"


def held() -> dict[str, FileIO]:
    """Give the folders that this Blender made and still has, each with its open file."""
    module = sys.modules.setdefault(REGISTRY, types.ModuleType(REGISTRY))
    return module.__dict__.setdefault("stages", {})


def changing() -> set[str]:
    """Give the folders of changes that go on now, in threads of this Blender."""
    module = sys.modules.setdefault(REGISTRY, types.ModuleType(REGISTRY))
    return module.__dict__.setdefault("changing", set())


def has_plan(place: str) -> bool:
    return any(os.path.lexists(os.path.join(place, name)) for name in (PLAN, DONE))


def unfinished(folder: str, names: list[str]) -> list[str]:
    """Name those of a folder's entries that are changes which a Blender didn't live to finish."""
    places = {name: os.path.join(folder, name) for name in names if name.startswith(PREFIX)}
    return [
        name
        for name, place in places.items()
        if has_plan(place)
        and place not in changing()
        and (place in held() or not is_held(Path(place, OWNER)))
    ]
