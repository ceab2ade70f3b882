"""A temporary folder for files that one command brings along."""

import os
from typing import Literal, TypedDict

from held_folder import held, make_held, remove_held
from upload_folder import TEMPORARY


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
    return {"folder": make_held(TEMPORARY).name}


def remove(folder: str) -> TemporaryFolder:
    """Remove a folder that ``make`` made."""
    if folder in held():
        remove_held(folder)
    elif os.path.lexists(folder):
        raise ValueError(f"not a folder of ours: {folder}")
    return {"folder": folder}


def main(arguments: Making | Removing) -> TemporaryFolder:
    """Do ``arguments["action"]``."""
    return make() if arguments["action"] == "make" else remove(arguments["folder"])
