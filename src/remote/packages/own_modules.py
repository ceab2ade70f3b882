"""Modules that are nobody's package: of Python's standard library, and Blender's own."""

import os
import sys
import sysconfig
import types

import bpy
from python_folders import is_inside, real, site_folders

# In the place of a path.
BUILT_IN = "built-in"

HEAP_TYPE = 1 << 9


def standard_folders() -> list[str]:
    """Give the folders of the path that hold Python's standard library."""
    places = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    # Windows' compiled modules.
    places.append(os.path.join(sys.base_prefix, "DLLs"))
    inside = [real(place) for place in places if place]
    others = [real(place) for place in site_folders()]
    return [
        entry
        for entry in sys.path
        if entry and is_inside(real(entry), inside) and not is_inside(real(entry), others)
    ]


def script_folders() -> list[str]:
    """Give the folders of the path that hold Blender's own scripts."""
    own = [bpy.utils.resource_path(kind) for kind in ("LOCAL", "SYSTEM")]
    inside = [real(os.path.join(place, "scripts")) for place in own if place]
    return [entry for entry in sys.path if entry and is_inside(real(entry), inside)]


def is_compiled_in(name: str) -> bool:
    """Tell whether a loaded module comes from Blender's executable, or ``bpy``'s library.

    Python knows nothing of where such a module is from: it has neither file nor loader. What code
    makes up as it runs hasn't either, but holds no functions and types of C's.
    """
    known: dict[str, object] = getattr(sys.modules.get(name), "__dict__", {})
    if any(known.get(one) is not None for one in ("__file__", "__spec__", "__loader__")):
        return False
    return any(
        (isinstance(value, types.BuiltinFunctionType) and value.__self__ is sys.modules.get(name))
        or (isinstance(value, type) and not value.__flags__ & HEAP_TYPE)
        or (isinstance(value, types.ModuleType) and is_compiled_in(value.__name__))
        for value in list(known.values())
    )


def built_into_blender() -> list[str]:
    """Name the modules that only a running Blender has, whatever folders there are."""
    names = {"bpy", *sys.builtin_module_names}
    names |= {name for name in list(sys.modules) if "." not in name and is_compiled_in(name)}
    return sorted(names - sys.stdlib_module_names)


def whose(module: str, place: str) -> str:
    """Tell whose a top-level module at a place is: ``python``, ``blender`` or empty."""
    is_standard = module in sys.stdlib_module_names
    if place == BUILT_IN:
        return "python" if is_standard else "blender"
    folders = standard_folders() if is_standard else script_folders()
    if not is_inside(real(place), [real(folder) for folder in folders]):
        return ""
    return "python" if is_standard else "blender"
