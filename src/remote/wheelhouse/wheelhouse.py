"""What a push needs to know and to do in a wheelhouse, besides writing bytes."""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypedDict, cast

# Hashes of the wheels here, by name, with the size and time that they are good for.
HASHES = ".blender-remote-hashes.json"
# A wheel of which a push has brought a part.
PART = re.compile(r"^\..+\.whl\.[0-9a-f.]+\.part$")
WEEK = 7 * 24 * 3600
# What Windows takes for a device in any folder (Microsoft: "Naming Files, Paths, and Namespaces").
DEVICE = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*([.:]|$)")


class Remembered(TypedDict):
    """A hash, and the size and time of the file that it was computed of."""

    size: int
    mtime_ns: int
    sha256: str


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


class ArrivedWheel(TypedDict):
    """A wheel that has been uploaded."""

    size: int
    sha256: str


class Arrival(TypedDict):
    """Wheels that have been uploaded into a folder (absolute), by name."""

    action: Literal["record"]
    folder: str
    wheels: dict[str, ArrivedWheel]


class ListOrder(TypedDict):
    """Which folder to list, and for how many seconds hashes may be computed; None: no hashes."""

    action: Literal["list"]
    folder: str | None
    seconds: float | None


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


class Given(TypedDict):
    """A folder as a user wrote it; None for the default one."""

    action: Literal["resolve"]
    folder: str | None


def default_folder() -> Path:
    """Where wheels go when no folder is named: a cache folder of the user that Blender runs as."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        return base / "blender-remote-cli" / "Cache" / "wheelhouse"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "blender-remote-cli" / "wheelhouse"
    # A relative path is to be ignored (XDG Base Directory Specification).
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if os.path.isabs(given) else Path.home() / ".cache"
    return base / "blender-remote-cli" / "wheelhouse"


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


class Hashes:
    """The SHA-256 of wheels, remembered beside them as long as size and time are the same."""

    def __init__(self, folder: Path) -> None:
        """Read what is remembered; a file that can't be read is as good as none."""
        self._path = folder / HASHES
        self._known: dict[str, object] = {}
        self._changed = False
        with contextlib.suppress(OSError, ValueError):
            known: object = json.loads(self._path.read_text("utf-8"))
            if isinstance(known, dict):
                self._known = cast("dict[str, object]", known)

    def get(self, name: str, info: os.stat_result) -> str | None:
        """The hash of a file that hasn't changed since it was put."""
        found = self._known.get(name)
        if not isinstance(found, dict):
            return None
        entry = cast("dict[str, object]", found)
        if (entry.get("size"), entry.get("mtime_ns")) != (info.st_size, info.st_mtime_ns):
            return None
        sha256 = entry.get("sha256")
        return sha256 if isinstance(sha256, str) else None

    def put(self, name: str, info: os.stat_result, sha256: str) -> None:
        """Remember a hash."""
        entry: Remembered = {
            "size": info.st_size,
            "mtime_ns": info.st_mtime_ns,
            "sha256": sha256,
        }
        self._known[name] = entry
        self._changed = True

    def save(self) -> None:
        """Write what is new in one piece. Where that fails, hashes are computed again next time."""
        if not self._changed:
            return
        with contextlib.suppress(OSError):
            existing = self._known.keys() & set(os.listdir(self._path.parent))
            text = json.dumps({name: self._known[name] for name in sorted(existing)})
            handle, new = tempfile.mkstemp(dir=self._path.parent, prefix=".blender-remote-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                os.replace(new, self._path)
            except BaseException:
                os.unlink(new)
                raise


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def regular_files(folder: Path) -> dict[str, os.stat_result]:
    """The regular files of a folder by name, without links."""
    found: dict[str, os.stat_result] = {}
    with os.scandir(folder) as here:
        for entry in here:
            # Another push may rename or remove a file in between.
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False):
                    found[entry.name] = entry.stat(follow_symlinks=False)
    return found


def entries(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Names of the files in a folder, with what is known of them; links count as their files."""
    with os.scandir(folder) as found:
        for entry in found:
            # Another push may rename or remove a file in between.
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file():
                    yield entry.name, entry.stat()


def is_part(name: str) -> bool:
    return PART.match(name) is not None


def clear_old(folder: Path) -> int:
    """Remove the parts that nobody has written to for a week; how many."""
    removed = 0
    for name, info in regular_files(folder).items():
        if is_part(name) and time.time() - info.st_mtime > WEEK:
            with contextlib.suppress(OSError):
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
    folder.mkdir(parents=True, exist_ok=True)
    read_only = write_error(folder)
    removed = clear_old(folder)
    ends = time.monotonic() + arguments["seconds"]
    hashes = Hashes(folder)
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
        sha256 = hashes.get(name, info)
        if sha256 is None and time.monotonic() > ends:
            unhashed.append(name)
            continue
        if sha256 is None:
            sha256 = sha256_of(folder / name)
            hashes.put(name, info, sha256)
        found[name] = sha256
    hashes.save()
    return {
        "folder": str(folder),
        "free_bytes": shutil.disk_usage(folder).free,
        "read_only": read_only,
        "hashes": found,
        "unhashed": unhashed,
        "parts": parts,
        "removed_parts": removed,
    }


def record(arguments: Arrival) -> None:
    """Remember the hashes of wheels that have just arrived."""
    folder = Path(arguments["folder"])
    hashes = Hashes(folder)
    here = regular_files(folder)
    for name, wheel in arguments["wheels"].items():
        info = here.get(name)
        if info is not None and info.st_size == wheel["size"]:
            hashes.put(name, info, wheel["sha256"])
    hashes.save()


def listing(arguments: ListOrder) -> Listing:
    """List a folder; what isn't a file, or a link to one, is left out.

    Raises OSError where it isn't a folder or can't be read.
    """
    folder = resolved(arguments["folder"])
    seconds = arguments["seconds"]
    try:
        found = sorted(entries(folder))
    except FileNotFoundError:
        return {"folder": str(folder), "exists": False, "files": []}
    hashes = Hashes(folder)
    ends = time.monotonic() + (seconds or 0)
    files: list[ListedFile] = []
    for name, info in found:
        sha256 = None
        if seconds is not None and name.endswith(".whl"):
            sha256 = hashes.get(name, info)
            if sha256 is None and time.monotonic() < ends:
                with contextlib.suppress(OSError):
                    sha256 = sha256_of(folder / name)
                    hashes.put(name, info, sha256)
        files.append({"name": name, "size": info.st_size, "sha256": sha256})
    hashes.save()
    return {"folder": str(folder), "exists": True, "files": files}


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
