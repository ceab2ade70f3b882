"""The lock of a folder of packages: who holds it may set packages aside there, or remove such.

pip sets aside what it replaces (``~ame``) and needs it when it fails, so a pip of ours holds the
lock of every folder that it may change for as long as it runs. So does a change of the user modules
(``user_modules.py``). The file lies in that folder, where everybody who shares the folder finds it,
and goes with the lock.
"""

import contextlib
import errno
import os
import time
import weakref
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from file_lock import is_held, lock

NAME = ".blender-remote-pip.lock"

# What a system says of a folder in which nobody here can change packages either.
CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR}

# Whoever asks whether a lock is taken has it for a moment.
PATIENCE_SECONDS = 0.1
PAUSE_SECONDS = 0.005

# Gives a lock back; it is called when Python ends, at the latest.
Release = Callable[[], object]


def opened(path: str) -> FileIO:
    try:
        return FileIO(path, "ab")
    except PermissionError:
        # Another user's, which was left: to hold its lock it need only be read.
        return FileIO(path)


def is_still(file: FileIO, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def give_back(file: FileIO) -> None:
    remove = contextlib.suppress(OSError)
    if os.name == "posix":
        # While it is held: afterwards it is somebody else's.
        with remove:
            os.remove(str(file.name))
        file.close()
        return
    # Windows removes no file that anybody has open.
    file.close()
    with remove:
        os.remove(str(file.name))


def take(folder: str) -> Release | None:
    """Take a folder's lock; None where another one has it. OSError where no file can be made."""
    path = os.path.join(folder, NAME)
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        file = opened(path)
        # Whoever had it before may have removed the file meanwhile.
        if lock(file) and is_still(file, path):
            return weakref.finalize(file, give_back, file)
        file.close()
        if time.monotonic() > until:
            return None
        time.sleep(PAUSE_SECONDS)


def take_all(folders: list[str]) -> "list[Release] | str":
    """Take the locks of those folders that can be changed; name one that another one has."""
    taken: list[Release] = []
    for folder in folders:
        try:
            release = take(folder)
        except OSError as error:
            if error.errno in CLOSED:
                continue
            release_all(taken)
            raise
        if release is None:
            release_all(taken)
            return folder
        taken.append(release)
    return taken


def release_all(taken: list[Release]) -> None:
    for release in taken:
        release()


def is_taken(folder: str) -> bool:
    """Tell whether a pip or a change of ours is at work in a folder, from whatever Blender."""
    return is_held(Path(folder, NAME)) is True
