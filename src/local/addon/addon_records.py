"""The add-ons that this Blender finds or its preferences name, and whether they are enabled."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import bpy
from addon_places import Folders, Source, addon_paths, repositories, source_of
from preferences import RefusedError
from python_folders import same_path
from swap import is_link

Kind = Literal["legacy", "extension"]

EXTENSION_PREFIX = "bl_ext."
INIT = "__init__.py"


@dataclass
class Addon:
    """An add-on that was found, or that the preferences name."""

    name: str
    kind: Kind
    source: Source
    # Its folder or .py; None where only the preferences know it.
    path: str | None
    # The module that Python imports.
    file: str | None


def module_names(path: str, package: str = "") -> Iterator[tuple[str, str]]:
    """Names and files of what Python can import from a folder, by Blender's own rules."""
    # Older Blenders know no packages around add-ons.
    names = bpy.path.module_names(path, package=package) if package else bpy.path.module_names(path)
    yield from names


def installed(folders: Folders) -> list[Addon]:
    """All add-ons that are on the disk, in the order in which Python finds them."""
    found: list[Addon] = []
    for path in addon_paths(folders):
        source = source_of(path, folders)
        for name, file in module_names(path):
            found.append(Addon(name, "legacy", source, place_of(file), file))
    for repo, directory in repositories(folders):
        if not os.path.isdir(directory):
            continue
        source = "system" if repo.source == "SYSTEM" else "user"
        for name, file in module_names(directory, f"bl_ext.{repo.module}"):
            found.append(Addon(name, "extension", source, place_of(file), file))
    return found


def remains_of(name: str, folders: Folders) -> Addon | None:
    """What is left of an add-on whose own module is gone, under its name or its id.

    Only a folder that is directly in a repository or in the user's add-ons folder, and says that it
    is one: by its manifest, whose id is the name, or by an entry in the preferences. Whatever else
    somebody keeps there isn't ours to remove. Themes have no module either, and are none.
    """
    if re.fullmatch(r"(bl_ext\.\w+\.)?\w+", name, re.ASCII) is None:
        return None
    short = short_name(name)
    for repo, directory in repositories(folders):
        whole = f"{EXTENSION_PREFIX}{repo.module}.{short}"
        path = os.path.join(directory, short)
        if name not in (whole, short) or not is_left(path):
            continue
        if in_preferences(whole) or manifest_says(path, "id", short):
            if manifest_says(path, "type", "theme"):
                continue
            source = "system" if repo.source == "SYSTEM" else "user"
            return Addon(whole, "extension", source, path, None)
    path = os.path.join(folders.addons, name)
    if name != "modules" and in_preferences(name) and is_left(path):
        return Addon(name, "legacy", "user", path, None)
    return None


def is_left(path: str) -> bool:
    """Whether it is a folder, and no link, without a module of its own."""
    if is_link(path) or not os.path.isdir(path):
        return False
    return not os.path.lexists(os.path.join(path, INIT))


def manifest_says(path: str, key: str, value: str) -> bool:
    """Whether the manifest in a folder gives a key of its top this value."""
    try:
        with open(os.path.join(path, "blender_manifest.toml"), encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return False
    quoted = rf"""^\s*{key}\s*=\s*["']{re.escape(value)}["']"""
    return re.search(quoted, text, re.MULTILINE) is not None


def place_of(file: str) -> str:
    """An add-on's folder, or its .py, by the module that Python imports."""
    return os.path.dirname(file) if os.path.basename(file) == INIT else file


def known(folders: Folders) -> list[Addon]:
    """What is installed, and what only the preferences name."""
    found = installed(folders)
    names = {addon.name for addon in found}
    for entry in bpy.context.preferences.addons:
        if entry.module in names:
            continue
        names.add(entry.module)
        kind: Kind = "extension" if entry.module.startswith(EXTENSION_PREFIX) else "legacy"
        remains = remains_of(entry.module, folders)
        found.append(remains or Addon(entry.module, kind, "unknown", None, None))
    return found


def short_name(name: str) -> str:
    """An extension's id; the name itself of a legacy add-on."""
    return name.rpartition(".")[2] if name.startswith(EXTENSION_PREFIX) else name


def matching(name: str, addons: list[Addon]) -> list[Addon]:
    """The add-ons that are meant by a name, the likeliest first: the whole name before an id."""
    whole = [addon for addon in addons if addon.name == name]
    by_id = [addon for addon in addons if addon.name != name and short_name(addon.name) == name]
    # Where several folders have it, the user's own is meant.
    order: dict[Source, int] = {"user": 0, "unknown": 1, "system": 2, "bundled": 3}
    return sorted(whole, key=lambda one: order[one.source]) + sorted(
        by_id, key=lambda one: order[one.source]
    )


def find(name: str, addons: list[Addon]) -> Addon:
    """The add-on that is meant by a name. Raises RefusedError ``addon-not-found``."""
    found = matching(name, addons)
    if not found:
        raise RefusedError("addon-not-found", f"there is no add-on '{name}'")
    return found[0]


def in_preferences(name: str) -> bool:
    """Whether the preferences name it, so that Blender loads it when it starts."""
    return name in bpy.context.preferences.addons


def loaded_file(name: str) -> str | None:
    """The file of the module under this name, whoever loaded it."""
    return getattr(sys.modules.get(name), "__file__", None)


def is_loaded(addon: Addon) -> bool:
    """Whether this Blender has loaded it, and from this file."""
    module = sys.modules.get(addon.name)
    if module is None or not getattr(module, "__addon_enabled__", False):
        return False
    file = loaded_file(addon.name)
    return addon.file is None or (file is not None and same_path(file, addon.file))


def is_enabled(addon: Addon) -> bool:
    """Whether the preferences have it, and mean this one of several of the name."""
    if not in_preferences(addon.name):
        return False
    file = loaded_file(addon.name)
    return addon.file is None or file is None or same_path(file, addon.file)
