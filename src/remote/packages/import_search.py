"""Whether an import finds a package's modules; nothing is imported to find out."""

import importlib.machinery
import os
import sys
from typing import TypedDict

from own_modules import BUILT_IN, is_compiled_in, whose
from package_metadata import Distribution, entries_of
from start_files import FINDER, only_by_start, started_modules

Spec = importlib.machinery.ModuleSpec

# They come first in every Python.
FIRST = (importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter)

PYTHONS: list[object] = [*FIRST, importlib.machinery.PathFinder]


class Importable(TypedDict):
    """Whether an import finds a package's modules, or what it finds instead: a path."""

    found: bool
    instead: str | None
    # Whose that is: ``python`` (its standard library), ``blender``, or empty.
    whose: str
    # The ``.pth`` file through which alone a module would be found that isn't.
    start_file: str | None


def found_by_others(module: str, path: list[str] | None) -> Spec | None:
    """Ask what add-ons and editable installs have put among the finders."""
    for finder in sys.meta_path:
        if finder in PYTHONS:
            continue
        try:
            spec = finder.find_spec(module, path, None)
        except Exception:
            continue
        if spec is not None:
            return spec
    return None


def spec_of(module: str) -> Spec | None:
    """Give where an import finds a module, whether or not it is loaded.

    The path is asked before other finders, which do things when they are asked, as setuptools' does
    for ``pip``. They matter for editable installs only.
    """
    spec: Spec | None = None
    path: list[str] | None = None
    parts = module.split(".")
    for depth, part in enumerate(parts):
        for finder in FIRST if depth == 0 else ():
            spec = finder.find_spec(part)
            if spec is not None:
                break
        else:
            # Not the full name: for that the package would have to be loaded.
            spec = importlib.machinery.PathFinder.find_spec(part, path)
        spec = spec or found_by_others(".".join(parts[: depth + 1]), path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or [])
    return spec


def place_of(spec: Spec | None) -> str | None:
    """Give the file of a module, the folder of a package without one; None where there is none."""
    if spec is None:
        return None
    if spec.origin in ("built-in", "frozen") and not spec.has_location:
        return BUILT_IN
    if spec.has_location and spec.origin:
        return spec.origin if os.path.exists(spec.origin) else None
    # A folder with nothing to import in it is a package as well (PEP 420).
    for folder in spec.submodule_search_locations or []:
        if os.path.isdir(folder) and any(name != "__pycache__" for name in entries_of(folder)):
            return folder
    return None


def place_found(module: str) -> str | None:
    """Give where an import finds a module."""
    return BUILT_IN if is_compiled_in(module) else place_of(spec_of(module))


def place_in(module: str, folders: list[str]) -> str | None:
    """Give where these folders have a top-level module."""
    return place_of(importlib.machinery.PathFinder.find_spec(module, folders))


def modules_of(distribution: Distribution) -> list[str]:
    """Name the modules by which a distribution is imported.

    The finder of an editable install is no module of the package.
    """
    own = [one for one in distribution.top_level() if not FINDER.fullmatch(one)]
    return own or sorted(started_modules(distribution))


def is_own(distribution: Distribution, module: str, place: str) -> bool:
    """Tell whether what an import finds is a distribution's."""
    own = place_in(module, [distribution.folder])
    # An editable install has no module in its folder, and its own way to be found.
    if own is None or own == place or os.path.isdir(place):
        return True
    # Blender's own module lies deeper in its package, and it puts that folder on the path.
    start = distribution.folder.rstrip(os.sep) + os.sep
    return place.startswith(start) and place[len(start) :] in distribution.files()


def importable(distribution: Distribution, modules: list[str] | None = None) -> Importable:
    """Tell whether an import finds a distribution's modules, and whether it finds others instead.

    Nothing is imported for that. ``modules``: only these top-level ones.
    """
    answer: Importable = {"found": False, "instead": None, "whose": "", "start_file": None}
    asked = modules_of(distribution) if modules is None else modules
    for module, file in started_modules(distribution).items():
        if (modules is None or module in asked) and place_found(module) is None:
            return {**answer, "start_file": file}
    for module in asked:
        place = place_found(module)
        if place is None:
            continue
        if is_own(distribution, module, place):
            return {"found": True, "instead": None, "whose": "", "start_file": None}
        answer = {**answer, "instead": place, "whose": whose(module, place)}
    if answer["instead"] is None:
        # A finder that only its own code understands.
        answer["start_file"] = only_by_start(distribution)
    return answer
