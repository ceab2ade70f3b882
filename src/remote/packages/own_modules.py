"""Modules that are nobody's package: of Python's standard library, and Blender's own."""

import os
import sys
import sysconfig
import types

import bpy
from python_folders import is_inside, real, same_path, site_folders

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


def placeless(module: object) -> dict[str, object] | None:
    """Give what a loaded module holds that is from no file; None for any other."""
    known: dict[str, object] = getattr(module, "__dict__", {})
    has_place = any(known.get(one) is not None for one in ("__file__", "__spec__", "__loader__"))
    return None if has_place else known


def holds_compiled(module: object) -> bool:
    """Tell whether a module holds functions of its own, or types, that were written in C."""
    # By their types alone: what values say of themselves is code of others.
    for value in list((placeless(module) or {}).values()):
        kind = type(value)
        if kind is types.BuiltinFunctionType and getattr(value, "__self__", None) is module:
            return True
        if issubclass(kind, type) and not type.__dict__["__flags__"].__get__(value) & HEAP_TYPE:
            return True
    return False


def is_compiled_in(name: str) -> bool:
    """Tell whether a loaded module comes from Blender's executable, or ``bpy``'s library.

    Python knows nothing of where such a module is from: it has neither file nor loader. What code
    makes up as it runs hasn't either, but neither it nor a module in it holds anything of C's.
    """
    module = sys.modules.get(name)
    known = placeless(module)
    if known is None:
        return False
    inner = [value for value in list(known.values()) if issubclass(type(value), types.ModuleType)]
    return any(holds_compiled(one) for one in [module, *inner])


def built_into_blender() -> list[str]:
    """Name the modules that only a running Blender has, whatever folders there are."""
    names = {"bpy", *sys.builtin_module_names}
    names |= {name for name in list(sys.modules) if "." not in name and is_compiled_in(name)}
    return sorted(names - sys.stdlib_module_names)


def whose(module: str, place: str) -> str:
    """Tell whose a top-level module at a place is: ``python``, ``blender`` or empty."""
    is_standard = module in sys.stdlib_module_names
    library = getattr(bpy, "__file__", None)
    if module == "bpy" and library is not None and same_path(place, library):
        return "blender"
    if place == BUILT_IN:
        return "python" if is_standard else "blender"
    folders = standard_folders() if is_standard else script_folders()
    if not is_inside(real(place), [real(folder) for folder in folders]):
        return ""
    return "python" if is_standard else "blender"
