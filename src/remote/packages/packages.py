"""What Blender's Python sees of installed packages, and which of them Blender has loaded."""

import importlib
import os
import time
from typing import TypedDict

from broken_metadata import Broken, broken_metadata, left_behind
from import_search import Importable, importable
from install_debris import Debris, debris
from loaded_packages import Loaded, loaded_as, loaded_files, note_loaded, start_hooks
from package_metadata import Distribution, metadata_entries, name_of
from package_names import normalized
from package_origins import Origins
from python_folders import path_folders


class Row(TypedDict):
    """A package: its name in the form of PEP 503, its folder on ``sys.path``, Unix time."""

    name: str
    version: str
    location: str
    source: str
    modified: float
    loaded: Loaded | None


class Page(TypedDict):
    """Packages, what is broken, and the metadata that is left to look at: folder and entry."""

    packages: list[Row]
    broken: list[Broken]
    rest: list[tuple[str, str]]


class Look(Importable):
    """The copy of a package that wins, if any, and whether it can be imported."""

    name: str
    package: Row | None


class PageArguments(TypedDict):
    """A page of all packages: ``rest`` is None at first, then what the page before gave."""

    rest: list[tuple[str, str]] | None
    seconds: float


class LookArguments(TypedDict):
    """For each name, the copy that wins and whether it can be imported."""

    names: list[str]


class DebrisArguments(TypedDict):
    """What an ended install has left: see ``debris``."""

    folders: list[str] | None
    seconds: float


Arguments = PageArguments | LookArguments | DebrisArguments


class View:
    """One look at Blender's packages."""

    def __init__(self) -> None:
        self.origins = Origins()
        self._files = loaded_files()
        self._below: dict[str, dict[str, str]] = {}

    def below(self, folder: str) -> dict[str, str]:
        if folder not in self._below:
            start = folder.rstrip(os.sep) + os.sep
            hooks = start_hooks(folder)
            self._below[folder] = {
                file[len(start) :]: name
                for file, name in self._files.items()
                if file.startswith(start) and name not in hooks
            }
        return self._below[folder]

    def row(self, distribution: Distribution) -> Row | None:
        """Give a package; None for metadata that has no name or version."""
        if not distribution.name or not distribution.version:
            return None
        modified = distribution.modified()
        note_loaded(distribution, modified, self.below(distribution.folder))
        return {
            "name": distribution.name,
            "version": distribution.version,
            "location": distribution.folder,
            "source": self.origins.of(distribution, modified),
            "modified": modified,
            "loaded": loaded_as(distribution, modified),
        }


def every_entry() -> list[tuple[str, str]]:
    return [(folder, entry) for folder in path_folders() for entry in metadata_entries(folder)]


def page(rest: list[tuple[str, str]] | None, seconds: float) -> Page:
    """Give packages in the order of ``sys.path`` until the time is up, and what is left to do."""
    until = time.monotonic() + seconds
    todo = every_entry() if rest is None else rest
    view = View()
    rows: list[Row | None] = []
    problems: list[Broken | None] = []
    if rest is None:
        problems += [one for folder in path_folders() for one in left_behind(folder)]
    done = 0
    for folder, entry in todo:
        distribution = Distribution(folder, entry)
        rows.append(view.row(distribution))
        problems.append(broken_metadata(distribution))
        done += 1
        if time.monotonic() > until:
            break
    return {
        "packages": [row for row in rows if row],
        "broken": [one for one in problems if one],
        "rest": todo[done:],
    }


def look(name: str, entries: list[tuple[str, str]], view: View) -> Look:
    """Give the copy of a package that wins, or nothing but its name where there is none."""
    for folder, entry in entries:
        if name_of(entry) != name:
            continue
        distribution = Distribution(folder, entry)
        row = view.row(distribution)
        if row is not None and row["name"] == name:
            return {"name": name, "package": row, **importable(distribution)}
    return {"name": name, "package": None, "found": False, "instead": None}


def main(arguments: Arguments) -> Page | list[Look] | Debris:
    """List packages, or look at some by name, or at what is left of an install that was ended.

    Python forgets first what it knew of folders, so that what was installed since counts.
    """
    importlib.invalidate_caches()
    if "folders" in arguments:
        return debris(arguments["folders"], arguments["seconds"])
    if "names" in arguments:
        entries = every_entry()
        view = View()
        return [look(normalized(name), entries, view) for name in arguments["names"]]
    return page(arguments["rest"], arguments["seconds"])
