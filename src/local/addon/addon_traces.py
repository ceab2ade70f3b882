"""What is kept for an add-on outside of it: an extension's own folder, and Python's caches."""

import contextlib
import os
import re

from addon_places import Folders
from addon_records import Addon
from swap import clear_away


def own_folder(addon: Addon, folders: Folders) -> str | None:
    """Where an extension keeps what is its own (`bpy.utils.extension_path_user`)."""
    parts = re.fullmatch(r"bl_ext\.(\w+)\.(\w+)", addon.name, re.ASCII)
    if parts is None or folders.extensions is None:
        return None
    return os.path.join(folders.extensions, ".user", parts[1], parts[2])


def remove_traces(addon: Addon, folders: Folders) -> None:
    """Remove it, and folders that are empty then: what can't be removed does no harm."""
    own = own_folder(addon, folders)
    if own is not None:
        clear_away(own)
        remove_empty(os.path.dirname(own), os.path.dirname(os.path.dirname(own)))
    if addon.kind == "extension" or addon.path is None:
        return
    caches = os.path.join(os.path.dirname(addon.path), "__pycache__")
    with contextlib.suppress(OSError):
        for file in os.listdir(caches):
            if file.startswith(f"{addon.name}.") and file.endswith(".pyc"):
                os.remove(os.path.join(caches, file))
    remove_empty(caches)


def remove_empty(*folders: str) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            os.rmdir(folder)
