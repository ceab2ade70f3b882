"""What a closer look at installed packages shows, which takes more than their metadata."""

import os
from typing import TypedDict

from import_search import Importable, importable
from package_metadata import Distribution
from site_lock import is_taken


class CheckedPackage(TypedDict):
    """How a package is: whether all its files are there, and whether an import finds it."""

    name: str
    version: str
    location: str
    # Files that RECORD lists and that aren't there: the first, and how many.
    missing: int
    first: str | None
    # Whether an import finds it; only of copies that win.
    importable: Importable | None


def checked(entries: list[tuple[str, str]]) -> list[CheckedPackage]:
    """Look at the files of every package, and at whether an import finds those that win."""
    found: list[CheckedPackage] = []
    seen: set[str] = set()
    for folder, entry in entries:
        distribution = Distribution(folder, entry)
        if not distribution.name or not distribution.version:
            continue
        missing = distribution.missing_files()
        # What a pip is at work on is neither whole nor broken; what it has removed is gone.
        if missing and (is_taken(folder) or not os.path.lexists(distribution.path)):
            continue
        wins = distribution.name not in seen
        seen.add(distribution.name)
        found.append(
            {
                "name": distribution.name,
                "version": distribution.version,
                "location": folder,
                "missing": len(missing),
                "first": missing[0] if missing else None,
                "importable": importable(distribution) if wins else None,
            }
        )
    return found
