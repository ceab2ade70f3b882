"""What pip sets aside in a folder while it removes a package, and leaves there if it is ended.

They are folders: ``~ame`` for ``name``, with further characters in the place of letters where that
is taken (``~-me``). Only what is like a name that is known there is taken for one, or what has a
module's name and holds modules: somebody's own ``~backup`` is not.
"""

import os
import sys
from collections.abc import Iterable

from package_metadata import (
    MODULE_FILES,
    SUFFIXES,
    Distribution,
    distributions,
    entries_of,
    is_elsewhere,
)

# What pip puts into the place of letters, the first of which is always "~".
LEADING = "-~.=%0123456789"

# How many letters it may have replaced; each further one only where all names before are taken.
REPLACED = 4

# What Windows doesn't let go of while a program has it loaded, and the folder where wheels for it
# bring such (delvewheel).
LIBRARIES = (".pyd", ".dll")
LIBRARY_FOLDER = ".libs"

# Of Windows: FILE_SHARE_READ, FILE_SHARE_WRITE and FILE_SHARE_DELETE; an error.
SHARE_ALL = 7
SHARING_VIOLATION = 32


def tops(packages: Iterable[Distribution]) -> set[str]:
    """Give the entries of their folder that packages list files of."""
    return {file.split(os.sep, 1)[0] for one in packages for file in one.files()}


def stands_for(entry: str, name: str) -> bool:
    """Tell whether pip may have set a folder of that name aside as this entry."""
    if len(entry) != len(name):
        return False
    return any(
        entry[count:] == name[count:] and all(one in LEADING for one in entry[1:count])
        for count in range(1, min(REPLACED, len(name) - 1) + 1)
    )


def set_aside_in(folder: str) -> list[str]:
    """Name the folders in a folder that have a name as pip gives them."""
    return [
        one
        for one in sorted(entries_of(folder))
        if one.startswith("~")
        and os.path.isdir(os.path.join(folder, one))
        and not os.path.islink(os.path.join(folder, one))
    ]


def files_below(path: str) -> list[str]:
    return [os.path.join(place, file) for place, _, files in os.walk(path) for file in files]


def holds_modules(path: str) -> bool:
    """Tell whether modules or their libraries are below a folder, or nothing at all any more."""
    found = files_below(path)
    return not found or any(file.endswith((*MODULE_FILES, *LIBRARIES)) for file in found)


def is_loaded(path: str) -> bool:
    """Tell whether a program has a library below a folder loaded.

    Only Windows keeps such a file from being removed; it lets nobody write it either.
    """
    libraries = (file for file in files_below(path) if file.lower().endswith(LIBRARIES))
    return os.name == "nt" and any(map(is_kept, libraries))


def is_kept(file: str) -> bool:
    """Tell whether Windows keeps a file from being written because of what others do with it."""
    if sys.platform == "win32":
        import _winapi

        access, mode = _winapi.GENERIC_WRITE, _winapi.OPEN_EXISTING
        try:
            _winapi.CloseHandle(_winapi.CreateFile(file, access, SHARE_ALL, 0, mode, 0, 0))
        except OSError as error:
            # Not so where this user may not write it: then nobody needs to have it loaded.
            return error.winerror == SHARING_VIOLATION
    return False


def inner_leftovers(folder: str, metadata: list[str]) -> set[str]:
    """Name what was set aside below a folder that packages share, by the metadata beside it.

    The packages of a namespace (PEP 420) have folders of their own only there.
    """
    found: set[str] = set()
    below: dict[str, list[str]] = {}
    for one in metadata:
        for file in Distribution(folder, one).files():
            parts = file.split(os.sep)
            for depth in range(1, len(parts) - 1):
                parent = os.path.join(*parts[:depth])
                if parent not in below:
                    below[parent] = set_aside_in(os.path.join(folder, parent))
                found.update(
                    os.path.join(parent, entry)
                    for entry in below[parent]
                    if stands_for(entry, parts[depth])
                )
    return found


def way_back(folder: str, metadata: str) -> dict[str, str] | None:
    """Give what must be renamed so that a package is there again that a pip has begun to remove.

    Of the names from now to then; None where something of it is gone, or another has come instead.
    """
    one = Distribution(folder, metadata)
    names = {file.split(os.sep, 1)[0] for file in one.files() if not is_elsewhere(file)}
    own = [name for name in names if name.endswith(SUFFIXES)]
    there = {other.name for other in distributions(folder)}
    if len(own) != 1 or one.name in there or inner_leftovers(folder, [metadata]):
        return None
    found = {metadata: own[0]}
    set_aside = set_aside_in(folder)
    for name in names - {*own}:
        entries = [entry for entry in set_aside if stands_for(entry, name)]
        if os.path.lexists(os.path.join(folder, name)):
            entries.append("")
        if len(entries) != 1:
            return None
        if entries[0]:
            found[entries[0]] = name
    return found


def put_back(folder: str) -> list[str]:
    """Put back packages that a pip was ended while it removed: as that pip does if it can.

    Gives their names with versions.
    """
    found: list[str] = []
    for metadata in [one for one in set_aside_in(folder) if one.endswith(SUFFIXES)]:
        one = Distribution(folder, metadata)
        label = f"{one.name} {one.version}"
        # The metadata last: until then it can be done again.
        for now, then in reversed(list((way_back(folder, metadata) or {}).items())):
            os.rename(os.path.join(folder, now), os.path.join(folder, then))
            if now == metadata:
                found.append(label)
    return found


def pip_leftovers(folder: str) -> list[str]:
    """Name what a pip has set aside in a folder and wasn't let remove, relative to it."""
    set_aside = set_aside_in(folder)
    if not set_aside:
        return []
    metadata = [one for one in set_aside if one.endswith(SUFFIXES)]
    known = tops([*distributions(folder), *(Distribution(folder, one) for one in metadata)])
    # Whose first letter only the RECORD would tell, which may be gone.
    tails = {one[1:].split("-", 1)[0] for one in metadata}
    found = {
        one
        for one in set_aside
        if one in metadata
        or one[1:].removesuffix(LIBRARY_FOLDER) in tails
        or any(stands_for(one, name) for name in known)
        # Of a package that is gone, or half there.
        or (
            f"a{one[1:].removesuffix(LIBRARY_FOLDER)}".isidentifier()
            and holds_modules(os.path.join(folder, one))
        )
    }
    return sorted(found | inner_leftovers(folder, metadata))
