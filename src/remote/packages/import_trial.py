"""What to import of a package, to know whether it can be imported."""

import os
import re
from importlib.machinery import EXTENSION_SUFFIXES

from import_search import modules_of
from package_metadata import MODULE_FILES, Distribution, entries_of, read

# What the `__init__.py` of a namespace holds that is older than PEP 420; and the lines of code that
# one has at most which holds nothing else.
OLD_NAMESPACE = re.compile(r"\b(?:extend_path|declare_namespace)\s*\(")
OLD_NAMESPACE_LINES = 8


# Of single files: source, bytecode, and extension modules for this Python. What only ends with
# `.so` may be any library.
SINGLE_SUFFIXES = {"py", "pyc", *(one[1:] for one in EXTENSION_SUFFIXES if one.count(".") > 1)}


def is_namespace(folder: str) -> bool:
    """Whether a folder is a package that has no code itself."""
    names = {name for name in entries_of(folder) if name.startswith("__init__.")}
    if not names:
        return os.path.isdir(folder)
    if "__init__.py" not in names:
        return False
    text = read(folder, "__init__.py")
    code = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    return len(code) <= OLD_NAMESPACE_LINES and OLD_NAMESPACE.search(text) is not None


def parts_of(distribution: Distribution, namespace: str) -> tuple[set[str], set[str]]:
    """Name what a distribution has below a namespace: the outermost packages, and single files."""
    packages: set[str] = set()
    singles: set[str] = set()
    for file in distribution.files():
        folders, name = os.path.split(file)
        parts = folders.split(os.sep)
        if parts[0] != namespace or not name.endswith(MODULE_FILES):
            continue
        if not all(part.isidentifier() for part in parts) or "__pycache__" in parts:
            continue
        for depth in range(1, len(parts) + 1):
            if not is_namespace(os.path.join(distribution.folder, *parts[:depth])):
                packages.add(".".join(parts[:depth]))
                break
        else:
            stem, _, suffix = name.partition(".")
            if suffix in SINGLE_SUFFIXES and stem.isidentifier() and stem != "__init__":
                singles.add(".".join([*parts, stem]))
    return packages, singles


def trial_modules(distribution: Distribution) -> list[str]:
    """Name the modules whose import tells whether a distribution can be imported.

    An import of a namespace always works: its parts tell. Single files below one are tried only of
    a distribution that has nothing else, because they may be examples or tests.
    """
    names = modules_of(distribution)
    found: set[str] = set()
    singles: set[str] = set()
    for name in names:
        if is_namespace(os.path.join(distribution.folder, name)):
            packages, files = parts_of(distribution, name)
            found |= packages
            singles |= files
        else:
            found.add(name)
    return sorted(found or singles)
