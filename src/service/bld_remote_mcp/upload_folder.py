"""The folder that an upload goes into: which names it may have there, and its entries by name.

Whoever else may write to that folder can put something else under a name at any moment. So the
folder is opened once and its entries are looked up in it, no link is followed, and what has a name
is compared with what was opened. Scripts of the command line's bring this file along as a module.
"""

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Generator
from io import FileIO

from .ownership import OTHERS_MAY_WRITE, is_own

# As `parseWheelName` of the command line's has it (PEP 427).
_TAGS = r"\w+(?:\.\w+)*"
_WHEEL = re.compile(
    r"(?:[A-Za-z0-9.]|_(?!_))+-[\w.!+]+(?:-\d[\w.]*)?"
    rf"-(?!\d)\w+(?:\.(?!\d)\w+)*-{_TAGS}-{_TAGS}\.whl",
    re.ASCII,
)
# In a folder of `temporary.py` also other files: get-pip.py.
TEMPORARY = "blender-remote-files-"
_PLAIN = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)
# `.NAME.FINGERPRINT.part`; the second push of a wheel at a time adds a number of its own.
_PART = re.compile(r"\.(?P<name>.+?)\.[0-9a-f]+(?:\.[0-9a-f]+)?\.part")

# Not on Windows.
_BY_DESCRIPTOR = {os.open, os.stat, os.unlink, os.rename} <= os.supports_dir_fd
_OPENING = (
    os.O_RDWR
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    # Nobody is waited for who might open the other end of a pipe.
    | getattr(os, "O_NONBLOCK", 0)
)
# What opening says of links, folders, sockets, and other users' files.
_NOT_OURS = {errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EACCES, errno.EPERM}


class PlaceError(ValueError):
    """A path that no upload may have."""


class ForeignFileError(OSError):
    """What has a name isn't a file that this process may use for an upload; errno EPERM."""

    def __init__(self, path: str, why: str) -> None:
        """`why`: what it is."""
        super().__init__(errno.EPERM, why, path)


def place_of(path: str, *, part: bool) -> tuple[str, str]:
    """The folder and the name of a part file, or of what one becomes; PlaceError."""
    if "\0" in path:
        raise PlaceError(f"a path has no NUL character: {path!r}")
    try:
        # Elsewhere than on Windows a folder's name may be any bytes.
        path.encode() if os.name == "nt" else os.fsencode(path)
    except UnicodeEncodeError:
        raise PlaceError(f"a path has to be text in UTF-8: {path!a}") from None
    folder, name = os.path.split(path)
    if not os.path.isabs(path):
        raise PlaceError(f"a path has to be absolute: {path!r}")
    _require_name(folder, _whole_name(name) if part else name)
    return folder, name


def _whole_name(name: str) -> str:
    match = _PART.fullmatch(name)
    if match is None:
        raise PlaceError(f"{name!r} isn't the name of a wheel's part")
    return match["name"]


def require_pair(part: str, target: str) -> None:
    """Stop where a part file isn't that of a target, in the same folder; PlaceError."""
    folder, name = place_of(target, part=False)
    part_folder, part_name = place_of(part, part=True)
    if part_folder != folder or _whole_name(part_name) != name:
        raise PlaceError(f"{part!r} isn't the part file of {target!r}")


def _require_name(folder: str, name: str) -> None:
    is_wheel = _WHEEL.fullmatch(name) and not name.startswith(".") and ".." not in name
    if is_wheel or (_PLAIN.fullmatch(name) and _is_temporary(folder)):
        return
    raise PlaceError(f"{name!r} isn't a wheel's name")


def _is_temporary(folder: str) -> bool:
    """Whether it is one of the folders that `temporary.py` makes for files of one command."""
    if not os.path.basename(folder).startswith(TEMPORARY):
        return False
    try:
        info = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(info.st_mode) and (
        os.name == "nt" or (info.st_uid == os.geteuid() and info.st_mode & 0o077 == 0)
    )


def identity_of(info: os.stat_result) -> str:
    """A text that differs whenever a file is another one, or has been changed."""
    parts = [info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns]
    # On Windows it is the time of the creation, which a copy can have, too.
    if os.name != "nt":
        parts.append(info.st_ctime_ns)
    return " ".join(map(str, parts))


class UploadFolder:
    """An open folder; closing it needs no care where a file of it can't be opened."""

    def __init__(self, path: str) -> None:
        """Open it; OSError."""
        self.path = path
        self._descriptor: int | None = None
        if _BY_DESCRIPTOR:
            flags = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY
            self._descriptor = os.open(path, flags)

    def close(self) -> None:
        """Close it; again is no error."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def named(self, name: str) -> str:
        """The path of an entry, for messages."""
        return os.path.join(self.path, name)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else self.named(name)

    @contextlib.contextmanager
    def _telling(self, name: str) -> "Generator[None, None, None]":
        try:
            yield
        except ForeignFileError:
            raise
        except OSError as error:
            error.filename = self.named(name)
            raise

    def _open(self, name: str, flags: int) -> FileIO:
        descriptor = os.open(self._at(name), flags, 0o600, dir_fd=self._descriptor)
        return os.fdopen(descriptor, "r+b", buffering=0)

    def lstat(self, name: str) -> os.stat_result:
        """What is known of an entry, of a link itself; OSError."""
        with self._telling(name):
            return os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)

    def opened(self, name: str) -> FileIO | None:
        """Open a file that this process may use for an upload, to read and write; None: no such.

        ForeignFileError, OSError.
        """
        with self._telling(name):
            # Windows' open() follows every link.
            if not hasattr(os, "O_NOFOLLOW") and os.path.islink(self.named(name)):
                raise ForeignFileError(self.named(name), "it is a link")
            try:
                file = self._open(name, _OPENING)
            except FileNotFoundError:
                return None
            except OSError as error:
                if error.errno not in _NOT_OURS or not self.has(name):
                    raise
                raise ForeignFileError(
                    self.named(name), "it is no file of Blender's user"
                ) from None
            try:
                self._require_own(file, name)
            except BaseException:
                file.close()
                raise
            return file

    def made(self, name: str) -> FileIO | None:
        """Make a file that only this user can read; None where there is something of that name."""
        with self._telling(name):
            try:
                return self._open(name, _OPENING | os.O_CREAT | os.O_EXCL)
            except FileExistsError:
                return None

    def has(self, name: str) -> bool:
        """Whether there is something of that name."""
        try:
            self.lstat(name)
        except FileNotFoundError:
            return False
        return True

    def is_still(self, file: FileIO, name: str) -> bool:
        """Whether an open file still has this name."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.lstat(name))
        except FileNotFoundError:
            return False

    def replace(self, old: str, new: str) -> None:
        """Rename an entry; OSError."""
        at = self._descriptor
        with self._telling(new):
            os.replace(self._at(old), self._at(new), src_dir_fd=at, dst_dir_fd=at)

    def unlink(self, name: str) -> None:
        """Remove a file; OSError."""
        with self._telling(name):
            os.unlink(self._at(name), dir_fd=self._descriptor)

    def free_bytes(self) -> int | None:
        """Bytes that this user can still write there; None where the file system doesn't say."""
        where = self.path if self._descriptor is None else self._descriptor
        usage = shutil.disk_usage(where)
        return usage.free if usage.total > 0 else None

    def reading_rights(self) -> int:
        """The mode of a file that those may read who may read the folder, and only we write."""
        where = self.path if self._descriptor is None else self._descriptor
        return 0o600 | (os.stat(where).st_mode & 0o044)

    def _require_own(self, file: FileIO, name: str) -> None:
        """Stop where another user owns a file, may write to it, or where it isn't a plain one."""
        info = os.fstat(file.fileno())
        path = self.named(name)
        if not stat.S_ISREG(info.st_mode):
            raise ForeignFileError(path, "it is no plain file")
        if info.st_nlink > 1:
            raise ForeignFileError(path, "it is a file that has another name, too")
        if is_own(info):
            return
        # Some file systems have owners and rights of their own: of a drive, or of a network.
        usual = self._usual()
        if info.st_uid != usual.st_uid or info.st_mode & ~usual.st_mode & OTHERS_MAY_WRITE:
            raise ForeignFileError(path, "others than Blender's user may write to it")

    def _usual(self) -> os.stat_result:
        """What a file gets that this process makes there."""
        name = f".blender-remote-{secrets.token_hex(4)}"
        file = self.made(name)
        if file is None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self.named(name))
        with file:
            self.unlink(name)
            return os.fstat(file.fileno())
