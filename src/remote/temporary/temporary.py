"""A temporary folder for files that one command brings along."""

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Literal, TypedDict

PREFIX = "blender-remote-files-"


class TemporaryFolder(TypedDict):
    """Its absolute path."""

    folder: str


class Making(TypedDict):
    """Asks for a new folder."""

    action: Literal["make"]


class Removing(TypedDict):
    """Names a folder that ``make`` made."""

    action: Literal["remove"]
    folder: str


def make() -> TemporaryFolder:
    """Make a folder that only this user can read; it goes with Blender, or before."""
    folder = tempfile.mkdtemp(prefix=PREFIX)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {"folder": folder}


def remove(path: str) -> TemporaryFolder:
    """Remove a folder that ``make`` made."""
    folder = Path(path)
    if not folder.name.startswith(PREFIX) or folder.is_symlink():
        raise ValueError(f"not a folder of ours: {folder}")
    if folder.exists():
        shutil.rmtree(folder)
    return {"folder": path}


def main(arguments: Making | Removing) -> TemporaryFolder:
    """Do ``arguments["action"]``."""
    return make() if arguments["action"] == "make" else remove(arguments["folder"])
