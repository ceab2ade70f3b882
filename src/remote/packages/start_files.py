"""The ``.pth`` files of a package, which Python reads in site-packages when it starts.

Their lines are folders for its path, or imports that it makes (Python's documentation, ``site``).
Python reads them in no other folder of its path: Blender's user modules are such a one.
"""

import ast
import os
import re

from package_metadata import MODULE_FILES, Distribution, entries_of, read

# What builds editable installs writes such modules, which are no modules of the package.
FINDER = re.compile(r"(?:__editable___|_editable_impl_|_+editable_)\w+")


def start_files(distribution: Distribution) -> list[str]:
    """Name a package's ``.pth`` files; only such in its own folder are read."""
    return sorted(
        file for file in distribution.files() if file.endswith(".pth") and os.sep not in file
    )


def lines_of(folder: str, name: str) -> tuple[list[str], list[str]]:
    """Give the folders that a ``.pth`` file puts on the path, and the imports that it makes."""
    folders: list[str] = []
    imports: list[str] = []
    for raw in read(folder, name).splitlines():
        line = raw.strip()
        if line.startswith(("import ", "import\t")):
            imports.append(line)
        elif line and not line.startswith("#"):
            # One for Windows may be written with its separators: pywin32's is.
            folders.append(os.path.normpath(os.path.join(folder, line.replace("\\", os.sep))))
    return folders, imports


def modules_in(folder: str) -> set[str]:
    """Name the modules that an import finds in a folder, packages included."""
    names: set[str] = set()
    for entry in entries_of(folder):
        stem = entry.partition(".")[0]
        is_package = os.path.exists(os.path.join(folder, entry, "__init__.py"))
        if stem.isidentifier() and (is_package or entry.endswith(MODULE_FILES)):
            names.add(stem)
    return names


def mapped(source: str) -> set[str]:
    """Name the modules that the finder of an editable install serves (setuptools' MAPPING)."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    for node in tree.body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id == "MAPPING":
            value = node.value if isinstance(node, ast.AnnAssign) else None
            if isinstance(value, ast.Dict):
                keys = [key.value for key in value.keys if isinstance(key, ast.Constant)]
                return {key.split(".")[0] for key in keys if isinstance(key, str)}
    return set()


def only_by_start(distribution: Distribution) -> str | None:
    """Name a ``.pth`` file without which no import finds all of a package, if there is one."""
    started = started_modules(distribution)
    if started:
        return min(started.values())
    files = start_files(distribution)
    own = {one for one in distribution.top_level() if not FINDER.fullmatch(one)}
    return files[0] if files and not own & modules_in(distribution.folder) else None


def started_modules(distribution: Distribution) -> dict[str, str]:
    """Name the modules that are found by a ``.pth`` file only, each with that file's name."""
    found: dict[str, str] = {}
    folder = distribution.folder
    for file in start_files(distribution):
        folders, imports = lines_of(folder, file)
        for place in folders:
            found.update(dict.fromkeys(modules_in(place), file))
        for line in imports:
            for finder in FINDER.findall(line):
                found.update(dict.fromkeys(mapped(read(folder, f"{finder}.py")), file))
    if not found:
        return {}
    beside = modules_in(folder)
    return {module: file for module, file in found.items() if module not in beside}
