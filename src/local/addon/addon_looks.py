"""Lists this Blender's add-ons and folders, and changes nothing."""

import os
from typing import TypedDict

import addon_utils
from addon_facts import Facts, facts_of
from addon_places import Folders, Source, repositories, script_directories
from addon_records import Addon, Kind, find, is_enabled, is_loaded, known
from preferences import preferences_path


class Record(TypedDict):
    """An add-on as ``addon list`` shows it."""

    name: str
    enabled: bool
    loaded: bool
    version: str | None
    path: str | None
    source: Source
    kind: Kind


class Details(Record, total=False):
    """An add-on as ``addon info`` shows it: with what it says of itself, where it says anything."""

    author: str
    description: str
    category: str
    warning: str
    doc_url: str
    tracker_url: str
    # Why nothing more is known of it.
    problem: str


class RepositoryRecord(TypedDict):
    """An extension repository as ``addon paths`` shows it."""

    name: str
    path: str
    source: Source
    exists: bool


class Paths(TypedDict):
    """Where Blender looks for add-ons, and its preferences."""

    user_addons: str
    addon_paths: list[str]
    # Those of the preferences: their add-ons are in a folder `addons` of each.
    script_directories: list[str]
    extension_repositories: list[RepositoryRecord]
    preferences: str


def record(addon: Addon, facts: Facts) -> Record:
    """An add-on as ``addon list`` shows it."""
    return {
        "name": addon.name,
        "enabled": is_enabled(addon),
        "loaded": is_loaded(addon),
        "version": facts.version or None,
        "path": addon.path,
        "source": addon.source,
        "kind": addon.kind,
    }


def listed(folders: Folders, everything: bool) -> list[Record]:
    """The user's add-ons, or all; by name."""
    addons = known(folders)
    if not everything:
        # One whose files are gone was the user's, too: Blender's own don't go.
        addons = [one for one in addons if one.source == "user" or one.path is None]
    return [record(one, facts_of(one)) for one in sorted(addons, key=lambda one: one.name.lower())]


def info(name: str, folders: Folders) -> Details:
    """One add-on with what it says of itself. Raises RefusedError ``addon-not-found``."""
    addon = find(name, known(folders))
    facts = facts_of(addon)
    details: Details = {**record(addon, facts)}
    if facts.author:
        details["author"] = facts.author
    if facts.description:
        details["description"] = facts.description
    if facts.category:
        details["category"] = facts.category
    if facts.warning:
        details["warning"] = facts.warning
    if facts.doc_url:
        details["doc_url"] = facts.doc_url
    if facts.tracker_url:
        details["tracker_url"] = facts.tracker_url
    if facts.problem:
        details["problem"] = facts.problem
    return details


def paths(folders: Folders) -> Paths:
    """Where Blender looks for add-ons, and its preferences."""
    repos: list[RepositoryRecord] = [
        {
            "name": repo.module,
            "path": directory,
            "source": "system" if repo.source == "SYSTEM" else "user",
            "exists": os.path.isdir(directory),
        }
        for repo, directory in repositories(folders)
    ]
    return {
        "user_addons": folders.addons,
        "addon_paths": list(dict.fromkeys(addon_utils.paths())),
        "script_directories": script_directories(),
        "extension_repositories": repos,
        "preferences": preferences_path(),
    }
