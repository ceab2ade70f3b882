"""What pip sets aside in a folder while it removes a package, and leaves there if it is ended.

They are folders: ``~ame`` for ``name``, with further characters in the place of letters where that
is taken (``~-me``). Only what is like a name that is known there is taken for one: somebody's own
``~backup`` is not.
"""

import os
from collections.abc import Iterable

from package_metadata import SUFFIXES, Distribution, distributions, entries_of

# What pip puts into the place of letters, the first of which is always "~".
LEADING = "-~.=%0123456789"

# How many letters it may have replaced; each further one only where all names before are taken.
REPLACED = 4


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


def pip_leftovers(folder: str) -> list[str]:
    """Name the entries of a folder that a pip has set aside and wasn't let remove."""
    entries = entries_of(folder)
    set_aside = [
        one
        for one in sorted(entries)
        if one.startswith("~")
        and os.path.isdir(os.path.join(folder, one))
        and not os.path.islink(os.path.join(folder, one))
    ]
    if not set_aside:
        return []
    metadata = [one for one in set_aside if one.endswith(SUFFIXES)]
    known = {one for one in entries if not one.startswith("~")}
    known |= tops([*distributions(folder), *(Distribution(folder, one) for one in metadata)])
    # Whose first letter only the RECORD would tell, which may be gone.
    tails = {one[1:].split("-", 1)[0] for one in metadata}
    return [
        one
        for one in set_aside
        if one in metadata
        or one[1:].removesuffix(".libs") in tails
        or any(stands_for(one, name) for name in known)
    ]
