"""What Blender's Python sees of installed packages, and which of them Blender has loaded."""

import importlib
import os
import sys
import time
from typing import TypedDict

from broken_metadata import Broken, broken_metadata, left_behind
from import_search import Importable, importable
from import_trial import trial_modules
from install_debris import debris, removed
from loaded_packages import Loaded, loaded_as, loaded_files, note_loaded, start_hooks
from marker_environment import marker_environment
from module_owner import module_look
from own_modules import built_into_blender
from package_check import checked
from package_metadata import Distribution, metadata_entries, name_of
from package_names import normalized
from package_origins import Origins
from python_folders import each_once, path_folders, real
from shipped_record import note
from site_lock import is_taken


class Row(TypedDict):
    """A package: its name in the form of PEP 503, its folder on ``sys.path``, Unix time."""

    name: str
    version: str
    location: str
    source: str
    modified: float
    loaded: Loaded | None
    # PEP 508; what only extras need isn't among it.
    requires: list[str]
    optional: list[str]
    editable: bool


class Page(TypedDict):
    """Packages, what is broken, and the metadata that is left to look at: folder and entry."""

    packages: list[Row]
    broken: list[Broken]
    rest: list[tuple[str, str]]
    # What stays the same is in the first page only.
    context: "PackageContext | None"


class PackageContext(TypedDict):
    """What packages depend on: the path, missing folders included, and what markers ask."""

    path: list[str]
    environment: dict[str, str]
    # What Blender shipped and can't be seen by looking at what is there: as ``Origins.shipped``.
    shipped: list[str]
    # The modules that only a running Blender has.
    built_in: list[str]


class Look(Importable):
    """The copy of a package that wins, if any, and whether it can be imported."""

    name: str
    package: Row | None
    # What tells whether it can be imported, as ``trial_modules``.
    modules: list[str]


class PageArguments(TypedDict):
    """A page of all packages: ``rest`` is None at first, then what the page before gave."""

    rest: list[tuple[str, str]] | None
    seconds: float


class LookArguments(TypedDict):
    """For each name, the copy that wins and whether it can be imported.

    ``modules``: only these top-level ones of them; None for all.
    """

    names: list[str]
    modules: list[str] | None


class CheckArguments(TypedDict):
    """A closer look at every package."""

    check: bool


class ModuleArguments(TypedDict):
    """Whose this module is, as ``module_look`` tells."""

    module: str


class NoteArguments(TypedDict):
    """Writes down what Blender shipped of these before it is replaced."""

    shipped: list[str]


class RemoveArguments(TypedDict):
    """Removes leftovers of pip, by their paths."""

    remove: list[str]


class DebrisArguments(TypedDict):
    """What an ended install has left: see ``debris``."""

    folders: list[str] | None
    seconds: float


Arguments = (
    PageArguments
    | LookArguments
    | DebrisArguments
    | CheckArguments
    | ModuleArguments
    | NoteArguments
    | RemoveArguments
)


class View:
    """One look at Blender's packages."""

    def __init__(self) -> None:
        self.origins = Origins()
        self._files = loaded_files()
        self._below: dict[str, dict[str, str]] = {}

    def problem(self, distribution: Distribution) -> Broken | None:
        is_pips = self.origins.is_pips(distribution, distribution.modified())
        return broken_metadata(distribution, is_pips)

    def broken(self, distribution: Distribution) -> Broken | None:
        """Tell what is broken about a package; nothing while a pip of ours is at work there."""
        folder, entry = os.path.split(distribution.path)
        if self.problem(distribution) is None or is_taken(folder):
            return None
        # A pip may have been at work on it just then, and be done.
        return self.problem(Distribution(folder, entry))

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
            "requires": distribution.requires,
            "optional": distribution.optional,
            "editable": distribution.is_editable(),
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
    context: PackageContext | None = None
    if rest is None:
        folders = path_folders()
        problems += [one for folder in folders for one in left_behind(folder)]
        context = {
            "path": each_once(entry for entry in sys.path if entry),
            "environment": marker_environment(),
            "shipped": view.origins.shipped(),
            "built_in": built_into_blender(),
        }
    done = 0
    for folder, entry in todo:
        distribution = Distribution(folder, entry)
        rows.append(view.row(distribution))
        problems.append(view.broken(distribution))
        done += 1
        if time.monotonic() > until:
            break
    return {
        "packages": [row for row in rows if row],
        "broken": [one for one in problems if one],
        "rest": todo[done:],
        "context": context,
    }


def look(name: str, modules: list[str] | None, entries: list[tuple[str, str]], view: View) -> Look:
    """Give the copy of a package that wins, or nothing but its name where there is none."""
    for folder, entry in entries:
        if name_of(entry) != name:
            continue
        distribution = Distribution(folder, entry)
        row = view.row(distribution)
        if row is not None and row["name"] == name:
            return {
                "name": name,
                "package": row,
                "modules": trial_modules(distribution) if modules is None else modules,
                **importable(distribution, modules),
            }
    nothing: Importable = {"found": False, "instead": None, "whose": "", "start_file": None}
    return {"name": name, "package": None, "modules": [], **nothing}


def note_shipped(names: list[str]) -> dict[str, str]:
    """Write down which versions of these Blender shipped, where nothing else would tell later.

    What Blender as a module needs stands in its own metadata. Gives ``{}``; raises OSError.
    """
    view = View()
    by_folder: dict[str, dict[str, str]] = {}
    for folder, entry in every_entry():
        if real(folder) not in view.origins.own_site or view.origins.required:
            continue
        row = view.row(Distribution(folder, entry))
        if row is not None and row["name"] in names and row["source"] == "bundled":
            by_folder.setdefault(folder, {})[row["name"]] = row["version"]
    for folder, versions in by_folder.items():
        note(folder, versions)
    return {}


def main(arguments: Arguments) -> object:
    """Do what the arguments are of: list packages, look at some of them, or at what is left.

    Python forgets first what it knew of folders, so that what was installed since counts.
    """
    importlib.invalidate_caches()
    if "folders" in arguments:
        return debris(arguments["folders"], arguments["seconds"])
    if "check" in arguments:
        return checked(every_entry())
    if "module" in arguments:
        return module_look(every_entry(), arguments["module"])
    if "remove" in arguments:
        return removed(arguments["remove"])
    if "shipped" in arguments:
        return note_shipped(arguments["shipped"])
    if "names" in arguments:
        entries = every_entry()
        view = View()
        only = arguments["modules"]
        return [look(normalized(name), only, entries, view) for name in arguments["names"]]
    return page(arguments["rest"], arguments["seconds"])
