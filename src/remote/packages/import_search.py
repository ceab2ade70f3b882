"""Whether an import finds a package's modules; nothing is imported to find out."""

import importlib.machinery
import os
import sys
from typing import TypedDict

from package_metadata import Distribution, entries_of
from start_files import FINDER, only_by_start, started_modules


class Importable(TypedDict):
    """Whether an import finds a package's modules, or what it finds instead: a path."""

    found: bool
    instead: str | None
    # The ``.pth`` file through which alone a module would be found that isn't.
    start_file: str | None


def spec_of(module: str) -> importlib.machinery.ModuleSpec | None:
    """Give where an import finds a top-level module, whether or not it is loaded.

    The path is asked first: other finders do things when they are asked, as setuptools' does for
    ``pip``. They matter for editable installs only.
    """
    path_finder = importlib.machinery.PathFinder
    for finder in [path_finder, *(one for one in sys.meta_path if one is not path_finder)]:
        try:
            spec = finder.find_spec(module, None, None)
        # Add-ons may put anything among the finders.
        except Exception:
            continue
        if spec is not None:
            return spec
    return None


def place_of(spec: importlib.machinery.ModuleSpec | None) -> str | None:
    """Give the file of a module, the folder of a package without one; None where there is none."""
    if spec is None:
        return None
    if spec.has_location and spec.origin:
        return spec.origin if os.path.exists(spec.origin) else None
    # A folder with nothing to import in it is a package as well (PEP 420).
    for folder in spec.submodule_search_locations or []:
        if os.path.isdir(folder) and any(name != "__pycache__" for name in entries_of(folder)):
            return folder
    return None


def modules_of(distribution: Distribution) -> list[str]:
    """Name the modules by which a distribution is imported.

    The finder of an editable install is no module of the package.
    """
    own = [one for one in distribution.top_level() if not FINDER.fullmatch(one)]
    return own or sorted(started_modules(distribution))


def importable(distribution: Distribution) -> Importable:
    """Tell whether an import finds a distribution's modules, and whether it finds others instead.

    Nothing is imported for that.
    """
    answer: Importable = {"found": False, "instead": None, "start_file": None}
    started = started_modules(distribution)
    for module, file in started.items():
        if place_of(spec_of(module)) is None:
            return {**answer, "start_file": file}
    for module in modules_of(distribution):
        place = place_of(spec_of(module))
        if place is None:
            continue
        own = place_of(importlib.machinery.PathFinder.find_spec(module, [distribution.folder]))
        # An editable install has no module in its folder, and its own way to be found.
        # Blender's own module lies deeper in its package, and it puts that folder on the path.
        is_listed = os.path.relpath(place, distribution.folder) in distribution.files()
        if own is None or own == place or is_listed or os.path.isdir(place):
            return {"found": True, "instead": None, "start_file": None}
        answer["instead"] = place
    if answer["instead"] is None:
        # A finder that only its own code understands.
        answer["start_file"] = only_by_start(distribution)
    return answer
