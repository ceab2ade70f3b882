"""The folders of Blender's Python, and when two paths mean the same place."""

import os
import site
import sys
import sysconfig
from collections.abc import Iterable

# Below a folder of scripts; of the user's, Blender puts this one on its path at every start.
USER_MODULES = os.path.join("addons", "modules")


def real(path: str) -> str:
    """Give a path that is the same for all names of one place: links resolved."""
    return os.path.normcase(os.path.realpath(path))


def same_path(one: str, other: str) -> bool:
    """Tell whether two paths name the same place."""
    return real(one) == real(other)


def is_inside(path: str, folders: Iterable[str]) -> bool:
    """Tell whether a path is one of the folders or below it; all of them as ``real`` gives them."""
    return any(path == folder or path.startswith(os.path.join(folder, "")) for folder in folders)


def path_folders() -> list[str]:
    """Give the folders of ``sys.path`` in order, each once."""
    return each_once(entry for entry in sys.path if entry and os.path.isdir(entry))


def site_folders() -> list[str]:
    """Give the site-packages folders, the one that pip installs into first, each once."""
    candidates = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    # Missing in the `site` module of old virtual environments.
    if hasattr(site, "getsitepackages"):
        candidates += site.getsitepackages()
    # On Windows one of them is Python's own folder, above its library: nothing is installed there.
    return each_once(path for path in candidates if path and not same_path(path, sys.prefix))


def each_once(paths: Iterable[str]) -> list[str]:
    """Leave out what is another name of a place that was named before."""
    seen: dict[str, str] = {}
    for path in paths:
        seen.setdefault(real(path), path)
    return list(seen.values())
