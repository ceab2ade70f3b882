"""What the configuration says about a Blender."""

from typing import TypedDict

import bpy


class ConfiguredFacts(TypedDict):
    """Version and folders, under the names that the configuration file uses."""

    version: str
    version_tuple: list[int]
    build_date: str
    plugin_dir: str | None
    user_addons: str | None
    all_addon_paths: list[str]
    extensions_dir: str | None


def user_folder(kind: str, path: str = "") -> str | None:
    """A folder of the user's, or None where this Blender has no such kind (3.x: EXTENSIONS)."""
    try:
        return bpy.utils.user_resource(kind, path=path) or None
    except (TypeError, ValueError):
        return None


def main(_arguments: None) -> ConfiguredFacts:
    """What the configuration says about this Blender."""
    user_addons = user_folder("SCRIPTS", "addons")
    return {
        "version": bpy.app.version_string,
        "version_tuple": list(bpy.app.version),
        "build_date": bpy.app.build_date.decode("utf-8", "replace"),
        "plugin_dir": user_addons,
        "user_addons": user_addons,
        "all_addon_paths": list(bpy.utils.script_paths(subdir="addons")),
        "extensions_dir": user_folder("EXTENSIONS"),
    }
