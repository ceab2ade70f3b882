"""Lists and changes the add-ons of this Blender."""

from typing import Literal, TypedDict

from addon_changes import Changes, NamedItem, each
from addon_install import Installer, InstallItem
from addon_journal import Journal
from addon_looks import Details, Paths, Record, info, listed, paths
from addon_outcome import Outcome, Refused, failure, refusal
from addon_places import Elsewhere, Folders, Places, elsewhere, own_folders
from addon_records import known, short_name
from addon_trial import trial
from preferences import RefusedError, require_own, unreadable


class Rescue(TypedDict):
    """The user's folders, for a Blender that was started without them."""

    addons: str
    extensions: str
    # The extensions folder that it has instead.
    stand_in: str


class AddonOrder(TypedDict):
    """What every operation takes."""

    # All add-ons, for ``list``.
    all: bool
    expected: Places
    rescue: Rescue | None
    # A file that exists, or None for no journal.
    journal: str | None


class TrialArguments(AddonOrder):
    """The enabled add-ons are loaded one by one."""

    op: Literal["trial"]


class ListArguments(AddonOrder):
    """Add-ons are listed."""

    op: Literal["list"]


class InfoArguments(AddonOrder):
    """One add-on is shown: the first item's."""

    op: Literal["info"]
    items: list[NamedItem]


class PathsArguments(AddonOrder):
    """Folders are shown."""

    op: Literal["paths"]


class ChangeArguments(AddonOrder):
    """Add-ons are changed by name."""

    op: Literal["enable", "disable", "uninstall"]
    items: list[NamedItem]


class InstallArguments(AddonOrder):
    """Add-ons that are staged are installed."""

    op: Literal["install"]
    items: list[InstallItem]


class AddonReply(TypedDict):
    """The results, one for each item."""

    results: list[Outcome] | list[list[Record] | Details | Paths | Outcome]
    # The names of add-ons, for users who gave another.
    names: list[str]
    # Why Blender couldn't read its preferences, if it couldn't.
    problem: str | None


def folders_for(rescue: Rescue | None) -> Folders:
    if rescue is None:
        return own_folders()
    return Folders(rescue["addons"], rescue["extensions"], rescue["stand_in"])


def names_of(folders: Folders) -> list[str]:
    names = {addon.name for addon in known(folders)}
    return sorted(names | {short_name(name) for name in names})


def look(
    arguments: ListArguments | InfoArguments | PathsArguments, folders: Folders
) -> list[Record] | Details | Paths | Outcome:
    """The result of an operation that changes nothing."""
    if arguments["op"] == "list":
        return listed(folders, arguments["all"])
    if arguments["op"] == "paths":
        return paths(folders)
    try:
        return info(arguments["items"][0]["name"], folders)
    except RefusedError as error:
        return failure(error)


def change(
    arguments: ChangeArguments | InstallArguments, folders: Folders, journal: Journal
) -> list[Outcome]:
    """The results of an operation that changes add-ons."""
    if arguments["op"] == "install":
        return each(arguments["items"], Installer(folders, journal).install, journal)
    changes = Changes(folders, journal)
    operations = {
        "enable": changes.enable,
        "disable": changes.disable,
        "uninstall": changes.uninstall,
    }
    return each(arguments["items"], operations[arguments["op"]], journal)


def main(
    arguments: TrialArguments
    | ListArguments
    | InfoArguments
    | PathsArguments
    | ChangeArguments
    | InstallArguments,
) -> AddonReply | Elsewhere | Refused:
    """Do what the arguments say.

    Gives ``{"elsewhere"}`` when nothing was done because the expected folders aren't this
    Blender's, and ``{"refused"}`` when nothing could be done.
    """
    folders = folders_for(arguments["rescue"])
    journal = Journal(arguments["journal"])
    try:
        if arguments["op"] == "trial":
            trial(folders, journal)
            return {"results": [], "names": [], "problem": None}
        if arguments["op"] == "list" or arguments["op"] == "info" or arguments["op"] == "paths":
            results = [look(arguments, folders)]
            return {"results": results, "names": names_of(folders), "problem": unreadable()}
        if arguments["rescue"] is None:
            places = elsewhere(arguments["expected"])
            if places is not None:
                return {"elsewhere": places}
        require_own()
        done = change(arguments, folders, journal)
        return {"results": done, "names": names_of(folders), "problem": None}
    except RefusedError as error:
        return {"refused": refusal(error)}
