"""A temporary folder for files that one command brings along."""

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Any

PREFIX = "blender-remote-files-"


def make(_: dict[str, Any]) -> dict[str, Any]:
    """Make a folder that only this user can read; give ``{"folder"}``.

    It goes with Blender where nobody removes it before.
    """
    folder = tempfile.mkdtemp(prefix=PREFIX)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {"folder": folder}


def remove(arguments: dict[str, Any]) -> dict[str, Any]:
    """Remove a folder that ``make`` made. Take ``{"folder"}``; give it back."""
    folder = Path(arguments["folder"])
    if not folder.name.startswith(PREFIX) or folder.is_symlink():
        raise ValueError(f"not a folder of ours: {folder}")
    if folder.exists():
        shutil.rmtree(folder)
    return {"folder": str(folder)}


ACTIONS = {"make": make, "remove": remove}


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Do ``arguments["action"]``."""
    return ACTIONS[arguments["action"]](arguments)
