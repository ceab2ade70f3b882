"""Folders of ours on Blender's machine, which only Blender's user may read and write."""

import contextlib
import os
import shutil
import stat
import sys
from pathlib import Path

from ownership import OTHERS_MAY_WRITE, is_own


def cache_folder() -> Path:
    """Where what may be lost goes: the user's folder for that, and in it our own."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        return base / "blender-remote-cli" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "blender-remote-cli"
    # A relative path is to be ignored (XDG Base Directory Specification).
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if os.path.isabs(given) else Path.home() / ".cache"
    return base / "blender-remote-cli"


def make_folders(folder: Path, mode: int) -> None:
    """Make a folder and its parents; those that are missing get this mode, less the umask.

    OSError, of which FileExistsError also says that a file is in the way.
    """
    try:
        folder.mkdir(mode)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_folders(folder.parent, mode)
        folder.mkdir(mode, exist_ok=True)
    except FileExistsError:
        if not folder.is_dir():
            raise


def private_folder(folder: Path) -> bool:
    """Make a folder that only this user can read and write; False where there can be none.

    What is in one that others could have written to is removed; local/files/private-folder.ts does
    the same on the command line's side. On Windows its place says who may:
    below %LOCALAPPDATA% it is the user alone, with the machine's administrators.
    """
    try:
        make_folders(folder, 0o700)
        info = os.lstat(folder)
        if not stat.S_ISDIR(info.st_mode):
            return False
        if os.name == "nt":
            return True
        if info.st_uid != os.geteuid():
            return False
        if info.st_mode & OTHERS_MAY_WRITE:
            # Emptied in its place, it would be believed with the rest in it after an end halfway.
            aside = folder.with_name(f"{folder.name}.{os.urandom(8).hex()}")
            folder.rename(aside)
            folder.mkdir(0o700)
            shutil.rmtree(aside, ignore_errors=True)
        elif info.st_mode & 0o077:
            folder.chmod(0o700)
        # A drive may keep no modes.
        return os.lstat(folder).st_mode & 0o077 == 0
    except OSError:
        return False


def read_private(path: Path, most: int) -> bytes:
    """Read a file of such a folder, of at most so many bytes; OSError where it isn't the user's."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode) or info.st_size > most:
            raise OSError(f"{path} is no file of ours")
        if not is_own(info):
            raise OSError(f"{path} isn't this user's alone")
        return file.read(most)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only this user can read, in one piece; OSError."""
    new = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(new, flags, 0o600), "wb") as file:
            file.write(data)
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise
