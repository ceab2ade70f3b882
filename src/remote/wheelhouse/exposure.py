"""Tells whether others than Blender's user can change what is in a folder."""

import os
import stat
from pathlib import Path
from typing import Literal, TypedDict

from ownership import OTHERS_MAY_WRITE


class Exposure(TypedDict):
    """The folder that others can change, of the wheelhouse and those that it is in; and why."""

    path: str
    # Of whom it is, or whom its mode lets write.
    who: Literal["owner", "group", "everybody"]


def exposure(folder: Path) -> Exposure | None:
    """Find the first folder, from the wheelhouse up, in which others could change it.

    Both as it was named and without links. In a parent with the sticky bit nobody can touch what
    is another's. Root is no other. None also where that can't be told, as on Windows, where no
    access list is looked at.
    """
    if os.name == "nt":
        return None
    trusted = {0, os.geteuid(), *_unknown_owners()}
    absolute = Path(os.path.abspath(folder))
    for place in (absolute, absolute.resolve()):
        for path in (place, *place.parents):
            try:
                info = path.stat()
            except OSError:
                return None
            is_sticky = path != place and info.st_mode & stat.S_ISVTX
            if info.st_uid not in trusted:
                return {"path": str(path), "who": "owner"}
            if not is_sticky and info.st_mode & OTHERS_MAY_WRITE:
                everybody = info.st_mode & stat.S_IWOTH
                return {"path": str(path), "who": "everybody" if everybody else "group"}
    return None


def _unknown_owners() -> set[int]:
    """The owner of the system's files in a container that has only some of its users."""
    try:
        mapped = Path("/proc/self/uid_map").read_text(encoding="ascii").split()
        overflow = Path("/proc/sys/kernel/overflowuid").read_text(encoding="ascii")
        return set() if mapped[2] == str((1 << 32) - 1) else {int(overflow)}
    except (OSError, ValueError, IndexError):
        return set()
