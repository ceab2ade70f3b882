"""Puts staged add-ons in their places, and the old ones back where that fails."""

import contextlib
import os
from typing import Literal, TypedDict

from addon_changes import Item
from addon_doubles import doubles
from addon_facts import Facts, facts_of, misfit
from addon_journal import Journal
from addon_outcome import Outcome, Told, failed, outcome
from addon_places import (
    Folders,
    Repository,
    has_extensions,
    make_importable,
    own_version,
    repositories,
)
from addon_records import (
    EXTENSION_PREFIX,
    INIT,
    Addon,
    in_preferences,
    installed,
    is_loaded,
)
from addon_state import (
    Leave,
    disable,
    enable,
    enable_or_leave,
    forget,
    other_module,
    refresh_extensions,
)
from addon_traces import own_folder, remove_traces
from extension_wheels import WheelView, in_order
from preferences import RefusedError, save
from python_folders import same_path
from swap import Exchange


class InstallItem(Item):
    """A staged add-on that is to be put in its place."""

    kind: Literal["legacy", "extension"]
    # The module name, or an extension's id.
    module: str
    # The unpacked add-on, and the folder of its exchange, as `stage` of swap.ts made them.
    staged: str
    exchange: str
    destination: str
    enable: bool
    # What is enabled although it can't be loaded here.
    leave: Leave
    # Only look, and change nothing.
    check: bool


class Versions(TypedDict):
    """The new version and the old one."""

    version: str | None
    replaced: str | None


class Installer:
    """Installs add-ons, in one run."""

    def __init__(self, folders: Folders, journal: Journal) -> None:
        self.folders = folders
        self.journal = journal
        self.wheels = WheelView(folders)

    def install(self, item: InstallItem) -> Outcome:
        """Put a staged add-on in its place, and enable it where it is to be or was."""
        path = item["destination"]
        addon = self._installed_as(item)
        facts = facts_of_staged(addon, item["staged"])
        others = installed(self.folders)
        warnings = self._check_install(addon, facts, item, others)
        was_enabled = in_preferences(addon.name)
        wanted = item["enable"] or was_enabled
        old = find_old(addon, others)
        was_loaded = old is not None and is_loaded(old)
        before = None if old is None else facts_of(old)
        warnings += about_replaced(before, facts)
        warnings += self.wheels.warnings(addon, facts.wheels, enabled=wanted)
        versions = Versions(
            version=facts.version or None,
            replaced=None if before is None else before.version or None,
        )
        if item["check"]:
            return outcome(addon, enabled=wanted, warnings=warnings, **versions)
        self.journal.write({"begin": item["index"], "warnings": warnings})
        exchange = Exchange(item["exchange"])
        had_own = os.path.lexists(own_folder(addon, self.folders) or "")
        forget(addon.name)
        try:
            exchange.swap_in()
            make_importable(os.path.dirname(path))
            if wanted:
                keep = was_enabled and not was_loaded
                warnings += enable_or_leave(addon, item["leave"], keep=keep)
            if wanted and not was_enabled:
                # An entry in the preferences isn't to be left without its add-on.
                exchange.settle()
                save()
        except BaseException as error:
            forget(addon.name)
            if not was_enabled:
                disable(addon.name, keep_entry=False)
            exchange.roll_back()
            if old is None and not had_own:
                remove_traces(addon, self.folders)
            self._reload(old, was_enabled)
            if isinstance(error, RefusedError):
                return failed(addon, error, warnings, enabled=False)
            raise
        exchange.commit()
        return outcome(addon, enabled=wanted, changed=True, warnings=warnings, **versions)

    def _installed_as(self, item: InstallItem) -> Addon:
        path = item["destination"]
        file = path if path.endswith(".py") else os.path.join(path, INIT)
        module = item["module"]
        if item["kind"] == "legacy":
            return Addon(module, "legacy", "user", path, file)
        repo = repository_at(os.path.dirname(path), self.folders)
        return Addon(f"{EXTENSION_PREFIX}{repo.module}.{module}", "extension", "user", path, file)

    def _check_install(
        self, addon: Addon, facts: Facts, item: InstallItem, others: list[Addon]
    ) -> list[Told]:
        """Warnings about an add-on that can be installed. Raises RefusedError for others."""
        why = misfit(facts)
        if addon.kind == "extension":
            if why is not None:
                raise RefusedError("incompatible", f"{addon.name}: {why}")
        else:
            other = other_module(addon.name, os.path.dirname(item["destination"]))
            if other is not None:
                raise RefusedError(
                    "name-taken", f"Python finds another module named {addon.name} first: {other}"
                )
        problem = [facts.problem] if facts.problem else []
        syntax = syntax_problem(item["staged"])
        return [
            *([] if why is None else [why]),
            *problem,
            *([] if syntax is None else [syntax]),
            *doubles(addon, facts, others),
        ]

    def _reload(self, old: Addon | None, was_enabled: bool) -> None:
        """Load the old add-on again, for the other changes of this run."""
        if old is None or not was_enabled:
            if has_extensions():
                refresh_extensions()
            return
        with contextlib.suppress(RefusedError):
            enable(old)


def facts_of_staged(addon: Addon, staged: str) -> Facts:
    file = staged if staged.endswith(".py") else os.path.join(staged, INIT)
    return facts_of(Addon(addon.name, addon.kind, addon.source, staged, file))


def find_old(addon: Addon, addons: list[Addon]) -> Addon | None:
    """The add-on of the same name in the same folder, which will be replaced."""
    folder = os.path.dirname(addon.path or "")
    for one in addons:
        if one.name == addon.name and one.path and same_path(os.path.dirname(one.path), folder):
            return one
    return None


def about_replaced(before: Facts | None, facts: Facts) -> list[str]:
    """A warning where what is replaced calls itself something else, or is newer."""
    if before is None:
        return []
    if before.name and before.name != facts.name:
        what = f"'{before.name}' {before.version}".rstrip()
        return [f"it takes the place of another add-on, {what}"]
    # Their numbers alone: how add-ons write what comes before a release differs.
    (old, _), (new, _) = in_order(before.version), in_order(facts.version)
    if not facts.version[:1].isdigit() or not before.version[:1].isdigit() or new >= old:
        return []
    return [f"{facts.version} takes the place of {before.version}, which is newer"]


def syntax_problem(staged: str) -> str | None:
    """Why Python can't compile the add-on's own module, if it can't."""
    file = staged if staged.endswith(".py") else os.path.join(staged, INIT)
    try:
        with open(file, "rb") as stream:
            compile(stream.read(), os.path.basename(file), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return f"Python can't compile it: {error}"
    return None


def repository_at(directory: str, folders: Folders) -> Repository:
    if not has_extensions():
        raise RefusedError(
            "no-extensions", f"Blender {own_version()} has no extensions: they came with 4.2"
        )
    for repo, place in repositories(folders):
        if same_path(place, directory):
            return repo
    raise RefusedError(
        "no-repository", f"Blender has no enabled extension repository at {directory}"
    )
