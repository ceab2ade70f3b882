"""Reads wheels to their ends, to find those whose bytes are wrong."""

import os
import zipfile
import zlib
from typing import TypedDict

PIECE = 1024 * 1024


class NamedWheels(TypedDict):
    """Names of files in a folder; None for its wheels, of which only the metadata is read."""

    folder: str
    names: list[str] | None


def is_damaged(path: str, only: str) -> bool:
    """Whether members whose names hold ``only`` can't be read; an absent wheel isn't damaged."""
    try:
        with zipfile.ZipFile(path) as wheel:
            for name in filter(lambda name: only in name, wheel.namelist()):
                with wheel.open(name) as member:
                    while member.read(PIECE):
                        pass
            return False
    except (FileNotFoundError, PermissionError):
        return False
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError):
        return True


def main(arguments: NamedWheels) -> list[str]:
    """Give the names of the damaged ones."""
    folder, names = arguments["folder"], arguments["names"]
    only = ""
    if names is None:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".whl"))
        only = ".dist-info/"
    return [name for name in names if is_damaged(os.path.join(folder, name), only)]
