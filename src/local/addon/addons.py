"""Lists and changes the add-ons of this Blender."""

import contextlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import addon_utils
import bpy
from addon_records import (
    EXTENSION_PREFIX,
    INIT,
    Addon,
    Facts,
    Folders,
    details,
    elsewhere,
    facts_of,
    has_extensions,
    in_preferences,
    installed,
    is_enabled,
    is_loaded,
    known,
    make_importable,
    matching,
    misfit,
    own_folders,
    record,
    repositories,
    same_place,
    short_name,
)
from addon_state import (
    disable,
    enable,
    forget,
    is_enabled_module,
    other_module,
    refresh_extensions,
    trace_of,
)
from preferences import RefusedError, preferences_path, require_own, save, unreadable
from swap import Exchange, remove

Item = dict[str, Any]


class Journal:
    """Says what is being done and what is done, should Blender not live to say it."""

    def __init__(self, path: str | None) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND) if path else None

    def write(self, entry: dict[str, Any]) -> None:
        if self._file is not None:
            os.write(self._file, f"{json.dumps(entry)}\n".encode())


def outcome(addon: Addon | None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """What became of one of several things that were asked for."""
    return {
        "name": addon.name if addon else None,
        "kind": addon.kind if addon else None,
        "path": addon.path if addon else None,
        "source": addon.source if addon else None,
        "enabled": addon is not None and is_enabled(addon) and is_loaded(addon),
        "changed": False,
        "warnings": [],
        "failure": None,
        "replaced": None,
        **more,
    }


def failure(error: RefusedError, addon: Addon | None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    told = {"code": error.reason, "message": error.detail, "traceback": error.trace}
    return outcome(addon, failure=told, **more)


def find(name: str, addons: list[Addon]) -> Addon:
    found = matching(name, addons)
    if not found:
        raise RefusedError("addon-not-found", f"there is no add-on '{name}'")
    return found[0]


def both_forms(addon: Addon, addons: list[Addon]) -> list[str]:
    """A warning where an add-on is there as an extension and as a legacy add-on."""
    others = [
        other
        for other in addons
        if other.kind != addon.kind
        and other.path is not None
        and short_name(other.name) == short_name(addon.name)
    ]
    return [
        f"{short_name(addon.name)} is there as an extension and as a legacy add-on: "
        f"{addon.name} and {other.name} ({other.path})"
        for other in others
    ]


def fit_warnings(facts: Facts) -> list[str]:
    why = misfit(facts)
    return [] if why is None else [why]


class Changes:
    """One run's changes to the add-ons; each is saved, or leaves all as it was."""

    def __init__(self, folders: Folders, journal: Journal) -> None:
        self.folders = folders
        self.journal = journal

    def each(self, items: list[Item], change: Callable[[Item], dict[str, Any]]) -> list[Any]:
        results = []
        for item in items:
            self.journal.write({"begin": item["index"]})
            try:
                result = change(item)
            except KeyboardInterrupt as error:
                self.journal.write({"begin": item["index"], "traceback": trace_of(error)})
                raise
            except RefusedError as error:
                result = failure(error, None)
            except OSError as error:
                detail = f"{error.filename}: {error.strerror}"
                refused = RefusedError("write-failed", detail)
                result = failure(refused, None)
            self.journal.write({"end": item["index"], "result": result})
            results.append(result)
        return results

    def enable(self, item: Item) -> dict[str, Any]:
        addons = known(self.folders)
        addon = find(item["name"], addons)
        if addon.file is None:
            raise RefusedError("addon-missing", f"the files of {addon.name} aren't there any more")
        warnings = both_forms(addon, addons)
        if is_enabled(addon) and is_loaded(addon):
            return outcome(addon, warnings=warnings)
        facts = facts_of(addon)
        warnings += fit_warnings(facts)
        self.journal.write({"begin": item["index"], "warnings": warnings})
        had_entry = in_preferences(addon.name)
        loaded_already = is_loaded(addon)
        try:
            if loaded_already:
                # By --addons, or by another add-on: not to be registered a second time.
                self._add_entry(addon.name)
            else:
                forget(addon.name)
                enable(addon)
            if not had_entry:
                save()
        except RefusedError as error:
            if not had_entry:
                disable(addon.name, keep_entry=False)
            return failure(error, addon, warnings=warnings, enabled=False)
        return outcome(addon, warnings=warnings, changed=True)

    def _add_entry(self, name: str) -> None:
        if not in_preferences(name):
            bpy.context.preferences.addons.new().module = name

    def disable(self, item: Item) -> dict[str, Any]:
        addons = known(self.folders)
        addon = find(item["name"], addons)
        had_entry = in_preferences(addon.name)
        if not had_entry and not is_enabled_module(addon.name):
            return outcome(addon, enabled=False)
        warnings = self._disable(addon)
        if had_entry:
            save()
        return outcome(addon, enabled=False, changed=had_entry, warnings=warnings)

    def _disable(self, addon: Addon) -> list[str]:
        trace = disable(addon.name, keep_entry=False)
        if trace is None:
            return []
        return [f"{addon.name} raised an error while it was disabled: {trace.strip()}"]

    def uninstall(self, item: Item) -> dict[str, Any]:
        addons = known(self.folders)
        addon = find(item["name"], addons)
        if addon.path is not None and addon.source != "user" and not item["force"]:
            raise RefusedError(
                "not-the-users",
                f"{addon.name} isn't in the user's own add-ons folder but in {addon.path}",
            )
        had_entry = in_preferences(addon.name)
        # Also of one that only this session has.
        warnings = self._disable(addon) if had_entry or is_enabled_module(addon.name) else []
        if had_entry:
            save()
        if addon.path is not None:
            try:
                remove(addon.path)
            except OSError as error:
                if had_entry:
                    self._restore(addon)
                detail = f"can't remove {addon.path}: {error.strerror}"
                refused = RefusedError("write-failed", detail)
                return failure(refused, addon, warnings=warnings)
            forget(addon.name)
            if addon.kind == "extension":
                refresh_extensions()
        gone = addon.path is None or not os.path.lexists(addon.path)
        return outcome(addon, enabled=False, changed=gone, warnings=warnings)

    def _restore(self, addon: Addon) -> None:
        with contextlib.suppress(RefusedError):
            enable(addon)
            save()

    def install(self, item: Item) -> dict[str, Any]:
        """Put a staged add-on in its place, and enable it where it is to be or was."""
        path: str = item["destination"]
        addon = self._installed_as(item)
        facts = facts_of_staged(addon, item["staged"])
        warnings = self._check_install(addon, facts, item)
        was_enabled = in_preferences(addon.name)
        wanted = bool(item["enable"]) or was_enabled
        old = find_old(addon, installed(self.folders))
        before = None if old is None else facts_of(old)
        warnings += other_addon(before, facts)
        replaced = None if before is None else before.version or None
        if item["check"]:
            return outcome(addon, enabled=wanted, warnings=warnings, replaced=replaced)
        self.journal.write({"begin": item["index"], "warnings": warnings})
        exchange = Exchange(item["exchange"])
        forget(addon.name)
        try:
            exchange.swap_in()
            make_importable(os.path.dirname(path))
            if wanted:
                enable(addon)
            if wanted and not was_enabled:
                save()
        except BaseException as error:
            forget(addon.name)
            if not was_enabled:
                disable(addon.name, keep_entry=False)
            exchange.roll_back()
            self._reload(old, was_enabled)
            if isinstance(error, RefusedError):
                return failure(error, addon, enabled=False, warnings=warnings)
            raise
        exchange.commit()
        return outcome(addon, enabled=wanted, changed=True, warnings=warnings, replaced=replaced)

    def _installed_as(self, item: Item) -> Addon:
        path: str = item["destination"]
        file = path if path.endswith(".py") else os.path.join(path, INIT)
        module: str = item["module"]
        if item["kind"] == "legacy":
            return Addon(module, "legacy", "user", path, file)
        repo = repository_at(os.path.dirname(path), self.folders)
        return Addon(f"{EXTENSION_PREFIX}{repo.module}.{module}", "extension", "user", path, file)

    def _check_install(self, addon: Addon, facts: Facts, item: Item) -> list[str]:
        """What is to be said about an add-on that can be installed. Raises RefusedError."""
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
        own = [addon] if not os.path.lexists(addon.path or "") else []
        return [
            *([] if why is None else [why]),
            *problem,
            *([] if syntax is None else [syntax]),
            *both_forms(addon, installed(self.folders) + own),
        ]

    def _reload(self, old: Addon | None, was_enabled: bool) -> None:
        """Have Blender as it was, for what else is to be done in this run."""
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
    """The add-on that will be replaced, in whichever form."""
    same = [one for one in addons if one.name == addon.name and one.source == "user"]
    return same[0] if same else None


def other_addon(before: Facts | None, facts: Facts) -> list[str]:
    """A warning where what is replaced calls itself something else."""
    if before is None or before.name == facts.name or not before.name:
        return []
    return [f"it takes the place of another add-on, '{before.name}' {before.version}".rstrip()]


def syntax_problem(staged: str) -> str | None:
    """What Python has against the add-on's own module, if anything."""
    file = staged if staged.endswith(".py") else os.path.join(staged, INIT)
    try:
        with open(file, "rb") as stream:
            compile(stream.read(), os.path.basename(file), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return f"Python can't compile it: {error}"
    return None


def repository_at(directory: str, folders: Folders) -> Any:  # noqa: ANN401
    if not has_extensions():
        version = ".".join(map(str, bpy.app.version))
        raise RefusedError(
            "no-extensions", f"Blender {version} has no extensions: they came with 4.2"
        )
    for repo, place in repositories(folders):
        if same_place(place, directory):
            return repo
    raise RefusedError(
        "no-repository", f"Blender has no enabled extension repository at {directory}"
    )


def listed(folders: Folders, everything: bool) -> list[dict[str, Any]]:
    """The user's add-ons, or all; by name."""
    addons = known(folders)
    if not everything:
        # One whose files are gone was the user's, too: Blender's own don't go.
        addons = [one for one in addons if one.source == "user" or one.path is None]
    return [record(one, facts_of(one)) for one in sorted(addons, key=lambda one: one.name.lower())]


def info(name: str, folders: Folders) -> dict[str, Any]:
    addons = known(folders)
    addon = find(name, addons)
    facts = facts_of(addon)
    problem = {"problem": facts.problem} if facts.problem else {}
    return {
        **record(addon, facts),
        **details(facts),
        **problem,
    }


def paths(folders: Folders) -> dict[str, Any]:
    repos = [
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
        "extension_repositories": repos,
        "preferences": preferences_path(),
    }


def trial(folders: Folders, journal: Journal) -> list[Any]:
    """Load the enabled add-ons one by one, as a start does; who doesn't return is in the journal.

    Nothing is saved.
    """
    make_stand_in_real(folders)
    addons = {addon.name: addon for addon in known(folders)}
    for entry in list(bpy.context.preferences.addons):
        addon = addons.get(entry.module)
        if addon is None or addon.file is None or is_loaded(addon):
            continue
        journal.write({"begin": addon.name, "path": addon.path})
        try:
            addon_utils.enable(addon.name, handle_error=lambda _error: None)
        except SystemExit as error:
            # It ends a start, and so it must end the trial.
            os._exit(error.code if isinstance(error.code, int) else 1)
        journal.write({"end": addon.name})
    return []


def make_stand_in_real(folders: Folders) -> None:
    """Let a Blender that was started without the user's add-ons find them all the same."""
    for folder in (folders.addons, os.path.join(folders.addons, "modules")):
        if folder not in sys.path:
            sys.path.append(folder)
    for repo, directory in repositories(folders):
        if directory != repo.directory:
            repo.use_custom_directory = True
            repo.custom_directory = directory
    if folders.extensions is not None:
        release = f"python{sys.version_info.major}.{sys.version_info.minor}"
        wheels = os.path.join(folders.extensions, ".local", "lib", release, "site-packages")
        if os.path.isdir(wheels):
            sys.path.insert(0, wheels)


def folders_for(arguments: dict[str, Any]) -> Folders:
    rescue = arguments["rescue"]
    if rescue is None:
        return own_folders()
    return Folders(rescue["addons"], rescue["extensions"], rescue["stand_in"])


LOOKS: dict[str, Callable[[dict[str, Any], Folders], Any]] = {
    "list": lambda arguments, folders: listed(folders, arguments["all"]),
    "info": lambda arguments, folders: info(arguments["items"][0]["name"], folders),
    "paths": lambda _arguments, folders: paths(folders),
}


def names_of(folders: Folders) -> list[str]:
    names = {addon.name for addon in known(folders)}
    return sorted(names | {short_name(name) for name in names})


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"op", "all", "items", "expected", "rescue", "journal"}``.

    Give ``{"results", "names", "problem"}``: names of add-ons, for who gave another; why the
    preferences couldn't be read. Or ``{"elsewhere"}`` when nothing was done because the expected
    folders aren't this Blender's, or ``{"refused"}``.
    """
    op = arguments["op"]
    folders = folders_for(arguments)
    journal = Journal(arguments["journal"])
    try:
        if op == "trial":
            return {"results": trial(folders, journal), "names": [], "problem": None}
        if op in LOOKS:
            try:
                results = [LOOKS[op](arguments, folders)]
            except RefusedError as error:
                results = [failure(error, None)]
            return {"results": results, "names": names_of(folders), "problem": unreadable()}
        if arguments["rescue"] is None:
            places = elsewhere(arguments["expected"])
            if places is not None:
                return {"elsewhere": places}
        require_own()
        changes = Changes(folders, journal)
        change = getattr(changes, op)
        results = changes.each(arguments["items"], change)
        return {"results": results, "names": names_of(folders), "problem": None}
    except RefusedError as error:
        return {"refused": {"code": error.reason, "message": error.detail}}
