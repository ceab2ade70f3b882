"""Installs the service add-on into this Blender and enables it, or leaves all as it was."""

import os
import shutil
import traceback
from typing import Any

from addon_records import (
    INIT,
    Addon,
    elsewhere,
    in_preferences,
    is_enabled,
    is_loaded,
    legacy_facts,
    make_importable,
)
from addon_state import disable, enable, forget
from preferences import RefusedError, require_own, save
from swap import Exchange, clear_away


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
    if os.path.islink(old):
        os.symlink(os.readlink(old), path)
    else:
        shutil.copytree(old, path, symlinks=True)
    return path


def forget_service(module: str) -> None:
    """Unload the service, and the API that it offers to other add-ons."""
    forget(module)
    forget("bld_remote")


def replace(exchange: Exchange, addon: Addon, name: str | None) -> str | None:
    """Put the staged service in place, enabled and saved; where the old one is kept, if it is."""
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


def install(exchange: Exchange, staged: str) -> dict[str, Any]:
    require_own()
    target = exchange.destination
    addon = Addon(exchange.name, "legacy", "user", target, os.path.join(target, INIT))
    ours = legacy_facts(os.path.join(staged, INIT))
    result: dict[str, Any] = {
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


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"exchange", "staged", "expected"}``; give what was done, or why nothing was.

    ``{"elsewhere"}`` where the expected folders aren't this Blender's.
    """
    try:
        places = elsewhere(arguments["expected"])
        if places is not None:
            return {"elsewhere": places}
        return {"installed": install(Exchange(arguments["exchange"]), arguments["staged"])}
    except RefusedError as error:
        return {
            "refused": {
                "code": error.reason,
                "message": error.detail,
                "traceback": error.trace,
            }
        }
    except OSError as error:
        return {
            "refused": {
                "code": "write-failed",
                "message": f"{error.filename}: {error.strerror}",
                "traceback": traceback.format_exc(),
            }
        }
