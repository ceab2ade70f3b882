"""The wheel tags that Blender's Python takes, found inside Blender itself.

They are what the interpreter says when it is started and asked (``interpreter.py``), without that
start: from the same copy of the library ``packaging``, which is loaded here under a private name,
so that neither it nor pip is imported as such. Where anything makes it doubtful whether the answers
would be the same, there is none, and the interpreter must be asked.
"""

import contextlib
import glob
import importlib
import os
import platform
import sys
import threading
import types
from collections.abc import Generator, Hashable
from importlib.machinery import PathFinder
from typing import Any, NamedTuple

from interpreter import WheelSupport, ensurepip_wheels
from kept_findings import findings, mark
from python_folders import real, site_folders


class Library(NamedTuple):
    """A copy of ``packaging``: who brings it, where it is imported from, its files."""

    source: str
    folder: str
    marks: tuple[Hashable, ...]


def _brought_by(package: str, folders: list[str], *below: str) -> str | None:
    """Give where a package's ``packaging`` is imported from; None where the package isn't there.

    Raises:
        LookupError: the package is there, but where another interpreter may not see it, or without
            that library.
    """
    spec = PathFinder.find_spec(package)
    there = [folder for folder in folders if os.path.isdir(os.path.join(folder, package))]
    if not there:
        if spec is None:
            return None
        raise LookupError(f"{package} is elsewhere: {spec.origin}")
    found = os.path.join(there[0], *below)
    if not os.path.isfile(os.path.join(found, "packaging", "tags.py")):
        raise LookupError(f"{package} has no packaging")
    return found


def _library(ensurepip: list[str]) -> Library:
    """Give the copy of the library that the interpreter would import.

    Raises:
        LookupError: it isn't certain which one that is, or there is none.
    """
    # Such a module changes the tags (PEP 600), and the interpreter may see another one.
    if "_manylinux" in sys.modules or PathFinder.find_spec("_manylinux") is not None:
        raise LookupError("there is a module _manylinux")
    # An isolated interpreter has these of the path here, and those that are newer than it.
    places = {real(entry): at for at, entry in reversed(list(enumerate(sys.path))) if entry}
    folders = sorted(site_folders(), key=lambda one: places.get(real(one), len(places)))
    for source, below in (("pip", ("pip", "_vendor")), ("packaging", ())):
        found = _brought_by(source, folders, *below)
        if found is not None:
            files = sorted(glob.glob(os.path.join(glob.escape(found), "packaging", "*.py")))
            return Library(source, found, tuple(mark(file) for file in files))
    if not ensurepip:
        raise LookupError("there is no packaging")
    wheel = ensurepip[-1]
    return Library("ensurepip", os.path.join(wheel, "pip", "_vendor"), (mark(wheel),))


@contextlib.contextmanager
def _loaded(folder: str) -> Generator[Any]:
    """Give ``packaging.tags`` of a folder or of a place in a zip archive, while this lasts."""
    # Two threads may do this at the same time.
    name = f"_blender_remote_packaging_{threading.get_ident()}"
    parent = types.ModuleType(name)
    parent.__path__ = [folder]
    sys.modules[name] = parent
    try:
        yield importlib.import_module(f"{name}.packaging.tags")
    finally:
        for loaded in [one for one in sys.modules if one.split(".")[0] == name]:
            del sys.modules[loaded]


def _sys_of(executable: str) -> types.ModuleType:
    """Give a copy of ``sys`` as it is in the interpreter.

    The library reads the file that ``sys.executable`` names, and may start it; Blender leaves it
    None, or sets it to another program.
    """
    copy = types.ModuleType("sys")
    copy.__dict__.update(vars(sys))
    copy.__dict__["executable"] = executable
    return copy


def _computed(library: Library, executable: str) -> list[str]:
    with _loaded(library.folder) as tags:
        package = tags.__name__.rpartition(".")[0]
        inside = _sys_of(executable)
        for name, module in list(sys.modules.items()):
            if name.startswith(f"{package}.") and module.__dict__.get("sys") is sys:
                module.__dict__["sys"] = inside
        return [str(tag) for tag in tags.sys_tags()]


def tags_inside(executable: str) -> WheelSupport | None:
    """Give the wheel tags as the interpreter would, or None where only that can tell.

    Asked again, it answers from memory while the interpreter and the library are the same.
    """
    # There the library asks a further process, and it depends on how a program was built.
    if sys.platform == "darwin" and platform.mac_ver()[0].startswith("10.16"):
        return None
    wheels = ensurepip_wheels()
    try:
        library = _library(wheels)
        key = ("tags", mark(executable), sys.prefix, library)
        kept = findings()
        if key not in kept:
            kept[key] = _computed(library, executable)
    # A copy that is damaged may raise anything; the interpreter's own words about it are wanted.
    except Exception:
        return None
    return {
        "tags": kept[key],
        "source": library.source,
        "error": None,
        "ensurepip": bool(wheels),
    }
