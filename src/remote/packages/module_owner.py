"""Whose a module is, and what an import of it gets."""

import os
import sys
from typing import TypedDict

import bpy
from import_search import place_found, place_in
from own_modules import BUILT_IN, built_into_blender, script_folders, standard_folders
from package_metadata import Distribution
from start_files import started_modules


class ModuleLook(TypedDict):
    """A module; its places are paths, or ``BUILT_IN``."""

    # The packages that bring it, in the order of the path.
    owners: list[str]
    # ``python`` for the standard library, ``blender`` for its own, empty for neither.
    whose: str
    # Of its outermost package: where those two have it, and what an import gets.
    own: str | None
    top: str | None
    # What an import of the module itself gets.
    place: str | None
    loaded: bool


def brings(distribution: Distribution, module: str) -> bool:
    """Tell whether a package lists a file of a module, or of what is below it."""
    path = module.replace(".", os.sep)
    return any(file.startswith((f"{path}{os.sep}", f"{path}.")) for file in distribution.files())


def owners(entries: list[tuple[str, str]], module: str) -> list[str]:
    """Name the packages that bring a module, or else those that bring its outermost package."""
    top = module.split(".")[0]
    exact: list[str] = []
    outer: list[str] = []
    for folder, entry in entries:
        distribution = Distribution(folder, entry)
        if not distribution.name:
            continue
        if brings(distribution, module):
            exact.append(distribution.name)
        elif top in distribution.top_level() or top in started_modules(distribution):
            outer.append(distribution.name)
    return exact or outer


def own_place(top: str) -> tuple[str, str | None]:
    """Tell whether a top-level module is Python's or Blender's own, and where they have it."""
    if top in sys.stdlib_module_names:
        # Python also comes without some of its modules.
        is_built_in = place_found(top) == BUILT_IN
        return "python", BUILT_IN if is_built_in else place_in(top, standard_folders())
    place = place_in(top, script_folders())
    if place is None and top == "bpy":
        place = bpy.__file__
    if place is None and top in built_into_blender():
        place = BUILT_IN
    return "" if place is None else "blender", place


def module_look(entries: list[tuple[str, str]], module: str) -> ModuleLook:
    """Look at a module, as dotted as it may be. Nothing is imported."""
    top = module.split(".")[0]
    whose, own = own_place(top)
    return {
        "owners": owners(entries, module),
        "whose": whose,
        "own": own,
        "top": place_found(top),
        "place": place_found(module),
        "loaded": module in sys.modules,
    }
