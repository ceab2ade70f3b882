"""Installs the service add-on into this Blender and enables it, or leaves all as it was."""

import os
import shutil
import traceback
from typing import TypedDict

from addon_facts import legacy_facts
from addon_outcome import Refused, refusal
from addon_places import Elsewhere, Places, elsewhere, make_importable
from addon_records import INIT, Addon, in_preferences, is_enabled, is_loaded
from addon_state import disable, enable, forget
from preferences import RefusedError, require_own, save
from swap import Exchange, clear_away


class Replaced(TypedDict):
    """Another add-on that had the service's name."""

    name: str
    version: str | None
    # Where its files are now.
    kept_at: str | None


class Installed(TypedDict):
    """What was done."""

    installed_path: str
    version: str
    # Of our own service that was installed before.
    previous_version: str | None
    changed: bool
    replaced: Replaced | None


class Done(TypedDict):
    """The answer when the service is installed and enabled."""

    installed: Installed


class ServiceArguments(TypedDict):
    """The staged service: its exchange, and its unpacked folder; and the expected folders."""

    exchange: str
    staged: str
    expected: Places


def same_files(folder: str, other: str) -> bool:
    """Whether two folders hold the same files, byte by byte; Python's caches don't count."""
    try:
        names = [
            {name for name in os.listdir(one) if name != "__pycache__"} for one in (folder, other)
        ]
        if names[0] != names[1]:
            return False
        for name in names[0]:
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read()
            with open(os.path.join(other, name), "rb") as file:
                if file.read() != content:
                    return False
    except OSError:
        return False
    return True


def free_name(folder: str, name: str) -> str:
    """`name` in the folder, with a number behind it where that is taken."""
    path = os.path.join(folder, name)
    number = 1
    while os.path.lexists(path):
        number += 1
        path = os.path.join(folder, f"{name}-{number}")
    return path


def copy_aside(old: str, addons: str, name: str) -> str:
    """Copy what is replaced out of Blender's sight, beside the add-ons folder."""
    folder = os.path.join(os.path.dirname(addons), "addons_replaced")
    os.makedirs(folder, exist_ok=True)
    path = free_name(folder, name)
    try:
        if os.path.islink(old):
            os.symlink(os.readlink(old), path)
        else:
            shutil.copytree(old, path, symlinks=True)
    except BaseException:
        clear_away(path)  # On a full disk half of it would stay, as if it were what was replaced.
        raise
    return path


def forget_service(module: str) -> None:
    """Unload the service, and the API that it offers to other add-ons."""
    forget(module)
    forget("bld_remote")


def replace(exchange: Exchange, addon: Addon, name: str | None) -> str | None:
    """Put the staged service in place, enable it and save; gives where the old one is kept."""
    kept = None
    had_entry = in_preferences(addon.name)
    forget_service(addon.name)
    try:
        exchange.swap_in()
        make_importable(exchange.home)
        enable(addon)
        old = os.path.join(exchange.folder, "old", addon.name)
        if name is not None:
            kept = copy_aside(old, exchange.home, name)
        save()
    except BaseException:
        forget_service(addon.name)
        if not had_entry:
            disable(addon.name, keep_entry=False)
        exchange.roll_back()
        if kept is not None:
            clear_away(kept)
        raise
    exchange.commit()
    return kept


def install(exchange: Exchange, staged: str) -> Installed:
    """Install the staged service, if it isn't installed and enabled already."""
    require_own()
    target = exchange.destination
    addon = Addon(exchange.name, "legacy", "user", target, os.path.join(target, INIT))
    ours = legacy_facts(os.path.join(staged, INIT))
    result: Installed = {
        "installed_path": target,
        "version": ours.version,
        "previous_version": None,
        "changed": False,
        "replaced": None,
    }
    if not os.path.lexists(target):
        replace(exchange, addon, None)
        return {**result, "changed": True}
    facts = legacy_facts(os.path.join(target, INIT))
    is_ours = facts.author == ours.author
    if is_ours:
        result["previous_version"] = facts.version
        if same_files(target, staged) and is_enabled(addon) and is_loaded(addon):
            return result
    name = None if is_ours else f"{addon.name}-{facts.version or 'unknown'}"
    kept = replace(exchange, addon, name)
    result["changed"] = True
    if not is_ours:
        result["replaced"] = {
            "name": facts.name or addon.name,
            "version": facts.version or None,
            "kept_at": kept,
        }
    return result


def main(arguments: ServiceArguments) -> Done | Elsewhere | Refused:
    """Install the service, or say why nothing was done.

    Gives ``{"elsewhere"}`` where the expected folders aren't this Blender's.
    """
    try:
        places = elsewhere(arguments["expected"])
        if places is not None:
            return {"elsewhere": places}
        return {"installed": install(Exchange(arguments["exchange"]), arguments["staged"])}
    except RefusedError as error:
        return {"refused": refusal(error)}
    except OSError as error:
        detail = f"{error.filename}: {error.strerror}"
        refused = RefusedError("write-failed", detail, traceback.format_exc())
        return {"refused": refusal(refused)}
