"""What a Blender that runs has loaded of its add-ons; brings it in line with what is on the disk.

Here nothing is saved: what is on the disk was changed by another Blender, in the background.
"""

import os
import sys
from types import ModuleType
from typing import Literal, TypedDict, cast

import bpy
from addon_facts import dotted
from addon_outcome import Refusal, refusal
from addon_places import make_importable, own_folders
from addon_records import find, in_preferences, known
from addon_state import (
    add_entry,
    disable,
    drop_entry,
    enable,
    forget,
    is_enabled_module,
    refresh_extensions,
)
from preferences import RefusedError, preferences_path

# The service's own add-on, in which this may run.
SERVICE = "bld_remote_mcp"


class RunningLookArguments(TypedDict):
    """What is loaded is told; needs nothing of Blender's main thread."""

    op: Literal["look"]


class ReloadArguments(TypedDict):
    """An add-on is loaded anew, or unloaded."""

    op: Literal["reload"]
    name: str
    # Whether it is enabled on the disk; None: this Blender loads it anew if it has it loaded.
    enabled: bool | None


class RunningLook(TypedDict):
    """A Blender that runs, and the add-ons that it has loaded."""

    pid: int
    window: bool
    # Whether `start` has started it (see serve.py), so that `restart` can do that again.
    started: bool
    # The folders of its preferences and of the user's add-ons.
    config: str
    addons: str
    # By name; the version where it says one.
    loaded: dict[str, str | None]


class Reloaded(TypedDict):
    """What became of an add-on in this Blender."""

    loaded: bool
    warnings: list[str]
    failure: Refusal | None


def look() -> RunningLook:
    modules = {name: vars_of(module) for name, module in list(sys.modules.items())}
    enabled = {name: one for name, one in modules.items() if one.get("__addon_enabled__")}
    return {
        "pid": os.getpid(),
        "window": not bpy.app.background,
        "started": "_blender_remote_started" in sys.modules,
        "config": os.path.realpath(os.path.dirname(preferences_path())),
        "addons": os.path.realpath(own_folders().addons),
        "loaded": {name: version_in(variables) for name, variables in enabled.items()},
    }


def vars_of(module: object) -> dict[str, object]:
    """The variables of a module; a lazy one isn't loaded for that."""
    # Others than modules can stand in sys.modules.
    if not issubclass(type(module), ModuleType):
        return {}
    return object.__getattribute__(module, "__dict__")


def version_in(variables: dict[str, object]) -> str | None:
    """The version that a loaded module says; what its files say may be newer."""
    info = variables.get("bl_info")
    if not isinstance(info, dict):
        return None
    return dotted(cast("dict[str, object]", info).get("version")) or None


def reload(name: str, enabled: bool | None) -> list[str]:
    """Load an add-on anew or unload it, with an entry in the preferences as on the disk.

    An entry that stays keeps the add-on's settings. Gives warnings. Raises RefusedError.
    """
    if name == SERVICE:
        raise RefusedError("reload-failed", "the service can't load itself anew")
    loaded = is_enabled_module(name)
    had_entry = in_preferences(name)
    trace = disable(name, keep_entry=enabled is not False) if loaded else None
    forget(name)
    if enabled is False:
        drop_entry(name)
    make_importable(own_folders().addons)
    refresh_extensions()
    if enabled or (enabled is None and loaded):
        if enabled:
            # Also if it can't be loaded: it is on the disk.
            add_entry(name)
        try:
            enable(find(name, known(own_folders())))
        finally:
            if enabled is None and not had_entry:
                drop_entry(name)
    if trace is None:
        return []
    return [f"the old {name} raised an error while it was disabled: {trace.strip()}"]


def main(arguments: RunningLookArguments | ReloadArguments) -> RunningLook | Reloaded:
    if arguments["op"] == "look":
        return look()
    name = arguments["name"]
    warnings: list[str] = []
    failure = None
    preferences = bpy.context.preferences
    dirty = preferences.is_dirty
    try:
        warnings = reload(name, arguments["enabled"])
    except RefusedError as error:
        failure = refusal(error)
    finally:
        # It is on the disk already: no reason to save all preferences when this Blender quits.
        preferences.is_dirty = dirty
    return {"loaded": is_enabled_module(name), "warnings": warnings, "failure": failure}
