"""Reads wheels to their ends, to find those whose bytes are wrong."""

import os
import zipfile
import zlib
from typing import TypedDict


class NamedWheels(TypedDict):
    """Names of files in a folder."""

    folder: str
    names: list[str]


def is_damaged(path: str) -> bool:
    """Whether a wheel can't be read; one that isn't there is no damaged one."""
    try:
        with zipfile.ZipFile(path) as wheel:
            return wheel.testzip() is not None
    except (FileNotFoundError, PermissionError):
        return False
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError):
        return True


def main(arguments: NamedWheels) -> list[str]:
    """Give the names of the damaged ones."""
    folder = arguments["folder"]
    return [name for name in arguments["names"] if is_damaged(os.path.join(folder, name))]
