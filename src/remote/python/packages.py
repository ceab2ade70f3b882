"""What Blender itself sees of installed packages."""

import importlib
import importlib.metadata
import importlib.util
from typing import Any


def top_level_names(distribution: importlib.metadata.Distribution) -> list[str]:
    """Give the names by which a distribution is imported; from its metadata and file list."""
    declared = distribution.read_text("top_level.txt")
    if declared:
        return declared.split()
    names = set()
    for file in distribution.files or []:
        first = file.parts[0]
        if len(file.parts) == 1 and first.endswith((".py", ".so", ".pyd")):
            names.add(first.split(".")[0])
        elif len(file.parts) > 1 and first.isidentifier():
            names.add(first)
    return sorted(names)


def is_found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    # A package's parent may raise anything while it is looked for.
    except Exception:
        return False


def look(name: str) -> dict[str, Any]:
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return {"name": name, "version": None, "location": None, "importable": False}
    modules = top_level_names(distribution)
    return {
        "name": name,
        "version": distribution.version,
        "location": str(distribution.locate_file("")),
        "importable": any(is_found(module) for module in modules),
    }


def main(names: list[str]) -> list[dict[str, Any]]:
    """Take names; give ``{"name", "version", "location", "importable"}`` for each.

    Finders forget what they knew of folders first, so that what was installed since counts.
    """
    importlib.invalidate_caches()
    return [look(name) for name in names]
