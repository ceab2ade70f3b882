"""Temporary folders that their Blender holds as long as it lives, so that another one can tell.

What a Blender that was killed has left is removed when the next folder of its kind is made: only a
folder of this user's own, with our record in it, whose lock nobody holds.
"""

import atexit
import contextlib
import os
import shutil
import stat
import sys
import tempfile
import time
import types
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from file_lock import hold, is_held
from ownership import is_own

OWNER = ".blender-remote-held"
# Made when the lock is held, so that no folder in the making is taken for one that was left.
RECORD = ".blender-remote-temporary"
# A Blender that is killed meanwhile leaves one without its record.
MAKING_SECONDS = 3600

# Scripts are run anew by each call, so what is to stay is kept by sys.
REGISTRY = "_blender_remote_held_folders"


def held() -> dict[str, FileIO]:
    """Give the folders that this Blender holds, each with its open file."""
    module = sys.modules.setdefault(REGISTRY, types.ModuleType(REGISTRY))
    return module.__dict__.setdefault("folders", {})


class HeldFolder(NamedTuple):
    """The path of a folder, and the open file by which it is held."""

    name: str
    owner: FileIO

    def cleanup(self) -> None:
        """Remove it; again is no error."""
        remove_held(self.name)


def make_held(prefix: str) -> HeldFolder:
    """Make a folder that only this user can read, and hold it until Blender ends; OSError."""
    remove_left(prefix)
    folder = tempfile.mkdtemp(prefix=prefix)
    try:
        owner = held()[folder] = hold(os.path.join(folder, OWNER))
        Path(folder, RECORD).touch(mode=0o600)
    except BaseException:
        remove_held(folder)
        raise
    atexit.register(remove_held, folder)
    return HeldFolder(folder, owner)


def remove_held(folder: str) -> None:
    """Remove a folder of ours with what is in it; what can't be removed yet, the next one takes."""
    file = held().pop(folder, None)
    if file is not None and os.name == "nt":
        file.close()  # Windows removes no open file
    _remove(folder)
    if file is not None:
        file.close()


def _remove(folder: str) -> None:
    """The record goes last: what is left of a removal that was cut off is known for what it is."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if name in (OWNER, RECORD):
                continue
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(path)
    if set(_names(folder)) <= {OWNER, RECORD}:
        shutil.rmtree(folder, ignore_errors=True)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def remove_left(prefix: str) -> None:
    """Remove the folders of this kind that nobody holds any more."""
    root = tempfile.gettempdir()
    for name in _names(root):
        folder = os.path.join(root, name)
        # Others may remove theirs meanwhile.
        with contextlib.suppress(OSError):
            if name.startswith(prefix) and folder not in held() and _is_left(folder):
                _remove(folder)


def _is_own(folder: str) -> bool:
    info = os.lstat(folder)
    return stat.S_ISDIR(info.st_mode) and is_own(info)


def _is_left(folder: str) -> bool:
    if not _is_own(folder):
        return False
    try:
        record = os.lstat(os.path.join(folder, RECORD))
    except FileNotFoundError:
        # Of one in the making there is nothing yet, or the file that is to be held.
        is_old = time.time() - os.lstat(folder).st_mtime > MAKING_SECONDS
        return is_old and set(_names(folder)) <= {OWNER}
    return stat.S_ISREG(record.st_mode) and is_held(Path(folder, OWNER)) is False
