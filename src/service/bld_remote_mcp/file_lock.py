"""A lock on a file: one open file holds it at a time, until it is closed or its process ends.

Scripts of the command line's bring this file along as a module.
"""

import errno
import logging
import os
import sys
import time
from io import FileIO
from pathlib import Path

_log = logging.getLogger("bld_remote_mcp")

# What file systems without locks say, such as some network ones.
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_LOCKED = {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
# Whoever asks whether a file is locked holds its lock for a moment.
_PAUSE_SECONDS = 0.005

if sys.platform == "win32":
    import msvcrt

    # A lock keeps others from the bytes that it covers, so it covers one that is never used. Some
    # file systems refuse an offset far beyond what a file of theirs can have; this is 1 TiB.
    _LOCKED_BYTE = (1 << 40) - 1

    def _lock_now(file: FileIO, exclusive: bool) -> None:
        del exclusive  # There is only one kind of lock.
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)

else:
    import fcntl

    def _lock_now(file: FileIO, exclusive: bool) -> None:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)


def lock(file: FileIO) -> bool:
    """Lock an open file; give False where another open file holds its lock.

    On a file system without locks give True, and log that nobody is kept out. OSError for the rest.
    """
    try:
        _lock_now(file, exclusive=True)
    except OSError as error:
        if error.errno in _LOCKED:
            return False
        if error.errno not in _NO_LOCKS:
            raise
        _log.warning("No lock keeps others from %s: %s", file.name, error.strerror or error)
    return True


def hold(path: "str | os.PathLike[str]") -> FileIO:
    """Create a file that shows others, as long as it is open, that its process still exists."""
    file = FileIO(path, "wb")
    while not lock(file):
        time.sleep(_PAUSE_SECONDS)
    return file


def is_held(path: Path) -> bool | None:
    """Tell whether somebody holds the lock of a file; a file that doesn't exist isn't held.

    None where that can't be told: another user's file, or a file system without locks.
    """
    try:
        file = FileIO(path)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    with file:
        try:
            _lock_now(file, exclusive=False)
        except OSError as error:
            return True if error.errno in _LOCKED else None
    return False
