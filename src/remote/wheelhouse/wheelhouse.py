"""What a push needs to know and to do in a wheelhouse, besides writing bytes."""

import contextlib
import errno
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypedDict

from exposure import Exposure, exposure
from file_lock import is_held
from kept_hashes import KeptHashes
from own_folders import cache_folder, make_folders
from upload_folder import identity_of

# A wheel of which a push has brought a part.
PART = re.compile(r"^\..+\.whl\.[0-9a-f]+(\.[0-9a-f]+)?\.part$")
# So many digits has the number of a part that is held until its push ends (sending.ts).
HELD_DIGITS = 12
HOUR = 3600
WEEK = 7 * 24 * HOUR
# What Windows takes for a device in any folder (Microsoft: "Naming Files, Paths, and Namespaces").
DEVICE = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*([.:]|$)")


class WantedWheel(TypedDict):
    """A wheel of a push; ``part`` is the name of its part file."""

    name: str
    size: int
    part: str


class Preparation(TypedDict):
    """Which wheels a push brings, and for how many seconds hashes may be computed."""

    action: Literal["prepare"]
    folder: str | None
    wheels: list[WantedWheel]
    seconds: float


class Prepared(TypedDict):
    """A wheelhouse before a push."""

    # Absolute.
    folder: str
    free_bytes: int
    # The errno's name where it can't be written to.
    read_only: str | None
    # By name, of the wheels that are in it; None where the size is another one.
    hashes: dict[str, str | None]
    # Wheels of the right size for which there was no time: ask again.
    unhashed: list[str]
    # Bytes of the part files, by the wheel's name.
    parts: dict[str, int]
    removed_parts: int
    # Who else can change what is in it.
    exposed: Exposure | None


class ArrivedWheel(TypedDict):
    """A wheel that has been uploaded, and which file it was then (`identity_of`)."""

    identity: str
    sha256: str


class Arrival(TypedDict):
    """Wheels that have been uploaded into a folder (absolute), by name."""

    action: Literal["record"]
    folder: str
    wheels: dict[str, ArrivedWheel]


class ListOrder(TypedDict):
    """Which folder to list, and for how many seconds hashes may be computed; None: no hashes.

    ``hashed``: the wheels whose hash isn't needed.
    """

    action: Literal["list"]
    folder: str | None
    seconds: float | None
    hashed: list[str]


class ListedFile(TypedDict):
    """``sha256`` is None for what isn't a wheel, and where there was no time: ask again."""

    name: str
    size: int
    sha256: str | None


class Listing(TypedDict):
    """The files of a folder (absolute), by name."""

    folder: str
    exists: bool
    files: list[ListedFile]
    # Who else can change what is in it.
    exposed: Exposure | None


class Given(TypedDict):
    """A folder as a user wrote it; None for the default one."""

    action: Literal["resolve"]
    folder: str | None


def default_folder() -> Path:
    """Where wheels go when no folder is named: a cache folder of the user that Blender runs as."""
    return cache_folder() / "wheelhouse"


def resolved(folder: str | None) -> Path:
    """Give the absolute path of a folder as a user wrote it: ``~`` is Blender's home.

    Raises OSError for one of Windows' devices there (ENODEV), and elsewhere for what only Windows
    can mean (ENXIO).
    """
    if folder is None:
        return default_folder()
    if sys.platform == "win32" and any(map(DEVICE.match, re.split(r"[\\/]", folder))):
        raise OSError(errno.ENODEV, "it names a device", folder)
    if sys.platform != "win32" and re.match(r"[A-Za-z]:[\\/]|\\\\", folder):
        raise OSError(errno.ENXIO, "it is a path of Windows", folder)
    return Path(os.path.abspath(os.path.expanduser(folder)))


def regular_files(folder: Path) -> dict[str, os.stat_result]:
    """The regular files of a folder by name, without links."""
    found: dict[str, os.stat_result] = {}
    with os.scandir(folder) as here:
        for entry in here:
            # Another push may rename or remove a file in between.
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False):
                    # On Windows the entry doesn't know which file it is.
                    found[entry.name] = os.lstat(entry.path)
    return found


def entries(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Names of the files in a folder, with what is known of them; links count as their files."""
    with os.scandir(folder) as found:
        for entry in found:
            # Another push may rename or remove a file in between.
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file():
                    yield entry.name, os.stat(entry.path)


def clear_old(folder: Path) -> int:
    """Remove the parts that no push goes on with; how many.

    One that a later push can continue may wait for a week. Else a stream holds it
    until its end; or it comes in pieces, in calls between which nobody does, and has an hour.
    What was written at a time to come says that a clock was wrong.
    """
    removed = 0
    for name, info in regular_files(folder).items():
        match = PART.match(name)
        if match is None:
            continue
        number = match[1] or ""
        waits = WEEK if number == "" else 0 if len(number) == 1 + HELD_DIGITS else HOUR
        if abs(time.time() - info.st_mtime) < waits:
            continue
        if os.name != "nt" and info.st_uid != os.geteuid():
            continue
        with contextlib.suppress(OSError):
            if is_held(folder / name) is False:
                os.unlink(folder / name)
                removed += 1
    return removed


def write_error(folder: Path) -> str | None:
    """The name of the errno with which a file can't be written; None where one can.

    Permission bits don't tell (root, read-only mounts, ACLs), a real file does.
    """
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".blender-remote-"):
            return None
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))


def prepare(arguments: Preparation) -> Prepared:
    """Make the folder ready for a push, and compare its wheels with those to be sent.

    Raises OSError where the folder can't be made.
    """
    folder = resolved(arguments["folder"])
    # Whatever the umask says, nobody else writes there; nobody reads what is in a cache.
    make_folders(folder, 0o755 if arguments["folder"] is not None else 0o700)
    read_only = write_error(folder)
    removed = clear_old(folder)
    ends = time.monotonic() + arguments["seconds"]
    hashes = KeptHashes(folder)
    found: dict[str, str | None] = {}
    unhashed: list[str] = []
    parts: dict[str, int] = {}
    here = regular_files(folder)
    for wheel in arguments["wheels"]:
        name = wheel["name"]
        part = here.get(wheel["part"])
        if part is not None:
            parts[name] = part.st_size
        info = here.get(name)
        if info is None:
            continue
        if info.st_size != wheel["size"]:
            found[name] = None
            continue
        if hashes.get(name, info) is None and time.monotonic() > ends:
            unhashed.append(name)
            continue
        found[name] = hashes.of(name, info)
    hashes.save()
    return {
        "folder": str(folder),
        "free_bytes": shutil.disk_usage(folder).free,
        "read_only": read_only,
        "hashes": found,
        "unhashed": unhashed,
        "parts": parts,
        "removed_parts": removed,
        "exposed": exposure(folder),
    }


def record(arguments: Arrival) -> None:
    """Remember the hashes of wheels that have just arrived, and that nobody has replaced since."""
    folder = Path(arguments["folder"])
    hashes = KeptHashes(folder)
    here = regular_files(folder)
    for name, wheel in arguments["wheels"].items():
        info = here.get(name)
        if info is not None and identity_of(info) == wheel["identity"]:
            hashes.put(name, wheel["identity"], wheel["sha256"])
    hashes.save()


def listing(arguments: ListOrder) -> Listing:
    """List a folder; what isn't a file, or a link to one, is left out.

    Raises OSError where it isn't a folder or can't be read.
    """
    folder = resolved(arguments["folder"])
    seconds, hashed = arguments["seconds"], set(arguments["hashed"])
    try:
        found = sorted(entries(folder))
    except FileNotFoundError:
        return {"folder": str(folder), "exists": False, "files": [], "exposed": None}
    hashes = KeptHashes(folder)
    ends = time.monotonic() + (seconds or 0)
    files: list[ListedFile] = []
    for name, info in found:
        sha256 = None
        wanted = seconds is not None and name.endswith(".whl") and name not in hashed
        if wanted and (time.monotonic() < ends or hashes.get(name, info) is not None):
            with contextlib.suppress(OSError):
                sha256 = hashes.of(name, info)
        files.append({"name": name, "size": info.st_size, "sha256": sha256})
    hashes.save()
    exposed = exposure(folder)
    return {"folder": str(folder), "exists": True, "files": files, "exposed": exposed}


def main(
    arguments: Preparation | Arrival | ListOrder | Given,
) -> Prepared | Listing | str | None:
    """Do ``arguments["action"]``; "resolve" gives the absolute path of a folder."""
    if arguments["action"] == "prepare":
        return prepare(arguments)
    if arguments["action"] == "record":
        return record(arguments)
    if arguments["action"] == "list":
        return listing(arguments)
    if arguments["action"] == "resolve":
        return str(resolved(arguments["folder"]))
    raise ValueError(f"unknown action in {arguments!r}")
