"""Enables, disables and uninstalls add-ons; each change is saved, or leaves all as it was."""

import contextlib
import os
from collections.abc import Callable
from typing import TypedDict, TypeVar

from addon_doubles import doubles
from addon_errors import trace_of
from addon_facts import facts_of, misfit
from addon_journal import Journal
from addon_outcome import Outcome, Told, failed, failure, outcome
from addon_places import Folders, addon_paths, repositories
from addon_records import (
    Addon,
    find,
    in_preferences,
    is_enabled,
    is_loaded,
    known,
    remains_of,
)
from addon_state import (
    Leave,
    add_entry,
    disable,
    drop_entry,
    enable,
    enable_or_leave,
    forget,
    is_enabled_module,
    refresh_extensions,
)
from addon_traces import remove_traces
from extension_wheels import WheelView
from preferences import RefusedError, save
from python_folders import same_path
from swap import Removal

# Of Windows.
ACCESS_DENIED = 5
SHARING_VIOLATION = 32


class Item(TypedDict):
    """One thing that is to be done; the command line knows it again by its index."""

    index: int


class NamedItem(Item):
    """An add-on that is to be changed."""

    name: str
    # What is enabled although it can't be loaded here.
    leave: Leave
    # Uninstall it outside the user's own folders, too.
    force: bool


AnyItem = TypeVar("AnyItem", bound=Item)


def each(
    items: list[AnyItem], change: Callable[[AnyItem], Outcome], journal: Journal
) -> list[Outcome]:
    """Do one after the other; what goes wrong with one is its outcome."""
    results: list[Outcome] = []
    unsaved: RefusedError | None = None
    for item in items:
        journal.write({"begin": item["index"]})
        try:
            # What a save left undone would be saved with the next.
            result = change(item) if unsaved is None else failure(unsaved)
        except KeyboardInterrupt as error:
            journal.write({"begin": item["index"], "traceback": trace_of(error)})
            raise
        except RefusedError as error:
            result = failure(error)
            unsaved = error if error.reason == "preferences-not-saved" else None
        except OSError as error:
            result = failure(by_disk(error, str(error.filename)))
        journal.write({"end": item["index"], "result": result})
        results.append(result)
    return results


def by_disk(error: OSError, what: str) -> RefusedError:
    """For what the disk refuses; Windows moves no folder in which a program has a file open."""
    held = getattr(error, "winerror", None) in (ACCESS_DENIED, SHARING_VIOLATION)
    return RefusedError("in-use" if held else "write-failed", f"{what}: {error.strerror}")


class Changes:
    """Changes to add-ons that are named, in one run."""

    def __init__(self, folders: Folders, journal: Journal) -> None:
        self.folders = folders
        self.journal = journal
        self.wheels = WheelView(folders)

    def enable(self, item: NamedItem) -> Outcome:
        addons = known(self.folders)
        addon = find(item["name"], addons)
        if addon.file is None:
            raise RefusedError("addon-missing", f"the files of {addon.name} aren't there any more")
        facts = facts_of(addon)
        twice = doubles(addon, facts, addons)
        if is_enabled(addon) and is_loaded(addon):
            return outcome(addon, warnings=twice)
        why = misfit(facts)
        warnings = [*([] if why is None else [why]), *twice]
        warnings += self.wheels.warnings(addon, facts.wheels, enabled=True)
        self.journal.write({"begin": item["index"], "warnings": warnings})
        had_entry = in_preferences(addon.name)
        loaded_already = is_loaded(addon)
        try:
            if loaded_already:
                # By --addons, or by another add-on: not to be registered a second time.
                add_entry(addon.name)
            else:
                forget(addon.name)
                warnings += enable_or_leave(addon, item["leave"], keep=had_entry)
            if not had_entry:
                save()
        except RefusedError as error:
            if not had_entry:
                disable(addon.name, keep_entry=False)
            return failed(addon, error, warnings, enabled=had_entry)
        changed = not had_entry or is_loaded(addon)
        return outcome(addon, enabled=True, warnings=warnings, changed=changed)

    def disable(self, item: NamedItem) -> Outcome:
        addons = known(self.folders)
        addon = find(item["name"], addons)
        had_entry = in_preferences(addon.name)
        if not had_entry and not is_enabled_module(addon.name):
            return outcome(addon, enabled=False)
        warnings = self._unload(addon)
        if had_entry:
            drop_entry(addon.name)
            if addon.kind == "extension":
                # By the entries it is known whose wheels stay.
                refresh_extensions()
            save()
        return outcome(addon, enabled=False, changed=had_entry, warnings=warnings)

    def _unload(self, addon: Addon) -> list[Told]:
        """Unload it, if it is loaded; its entry in the preferences stays, with its settings."""
        trace = disable(addon.name, keep_entry=True)
        if trace is None:
            return []
        return [f"{addon.name} raised an error while it was disabled: {trace.strip()}"]

    def uninstall(self, item: NamedItem) -> Outcome:
        addon = self._find_with_remains(item["name"])
        if addon.path is not None and addon.source != "user" and not item["force"]:
            raise RefusedError(
                "not-the-users",
                f"{addon.name} isn't in the user's own add-ons folder but in {addon.path}",
            )
        place = None if addon.path is None else self._own_place(addon, addon.path)
        had_entry = in_preferences(addon.name)
        # Also of one that only this session has.
        warnings = self._unload(addon) if had_entry or is_enabled_module(addon.name) else []
        removal = None
        try:
            removal = None if place is None else Removal(place)
        except OSError as error:
            # Nothing was saved; the entry and its settings are as they were.
            if had_entry:
                self._load_again(addon)
            refused = by_disk(error, f"can't remove {place}")
            return failed(addon, refused, warnings, enabled=had_entry)
        if had_entry:
            drop_entry(addon.name)
            try:
                save()
            except RefusedError:
                if removal is not None:
                    removal.bring_back()
                raise
        if removal is not None:
            removal.commit()
            forget(addon.name)
            if addon.kind == "extension":
                refresh_extensions()
        remove_traces(addon, self.folders)
        gone = place is None or not os.path.lexists(place)
        return outcome(addon, enabled=False, changed=gone, warnings=warnings)

    def _own_place(self, addon: Addon, path: str) -> str:
        """The path, if it is directly in one of Blender's folders for add-ons: all of it goes."""
        folders = [*addon_paths(self.folders), *(place for _, place in repositories(self.folders))]
        if any(same_path(os.path.dirname(path), folder) for folder in folders):
            return path
        raise RefusedError("no-place", f"{addon.name} is in no folder of Blender's: {path}")

    def _find_with_remains(self, name: str) -> Addon:
        """Find an add-on, or what is left of one. Raises RefusedError ``addon-not-found``."""
        try:
            return find(name, known(self.folders))
        except RefusedError:
            remains = remains_of(name, self.folders)
            if remains is None:
                raise
            return remains

    def _load_again(self, addon: Addon) -> None:
        """Load what is enabled all the same, for the other changes of this run."""
        with contextlib.suppress(RefusedError):
            enable(addon)
