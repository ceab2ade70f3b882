"""Removes wheels from a wheelhouse, and from nothing that can't be one."""

import contextlib
import os
import re
import shutil
import site
import stat
import sys
import sysconfig
from pathlib import Path
from typing import Literal, TypedDict

import bpy
from file_lock import is_held
from kept_hashes import memory_of

# Wheels, and what a push leaves of them: parts.
WHEEL = re.compile(r"^([^.].*\.whl|\..+\.whl\.[0-9a-f.]+\.part)$")
# What only Blender's user can have left: hashes, of earlier versions, and a file that was tried.
REMAINS = re.compile(r"^\.blender-remote-(hashes\.json|[a-z0-9_]{8})$")

# Neither they nor what is in them at the first level: /usr/lib, another user's home.
SYSTEM_FOLDERS = (
    *("/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/proc", "/root"),
    *("/sbin", "/sys", "/usr", "/Applications", "/Library", "/System", "/Users"),
)
# These hold folders of everybody's, such as /opt/wheels.
SHARED_FOLDERS = (
    *("/media", "/mnt", "/opt", "/run", "/srv", "/tmp", "/var", "/var/lib", "/var/tmp"),
    "/Volumes",
)
# The same on Windows, by the variables that name them.
WINDOWS_SYSTEM = ("SystemRoot", "ProgramFiles", "ProgramFiles(x86)")
WINDOWS_SHARED = ("ProgramData", "PUBLIC")


State = Literal["missing", "refused", "busy", "ready", "purged"]
# With the reason, for "refused" and "busy".
Verdict = tuple[State, str | None]


class PurgeOrder(TypedDict):
    """What to do with which folder."""

    folder: str
    action: Literal["look", "purge"]
    # Also what no wheelhouse holds (unless there are names), and what a push is writing.
    force: bool
    # Of the wheelhouse's own files only these; None for all.
    names: list[str] | None


class File(TypedDict):
    """A file of a wheelhouse; ``size`` in bytes."""

    name: str
    size: int


class Purged(TypedDict):
    """What the folder holds, and what was or may be done with it."""

    # Absolute.
    folder: str
    state: State
    # For "refused" and "busy".
    reason: str | None
    # The wheelhouse's own files that are meant.
    files: list[File]
    # All that isn't the wheelhouse's own.
    foreign: list[str]


def python_folders() -> set[Path]:
    """Folders of this Python in which nothing may be emptied."""
    paths = sysconfig.get_paths()
    kinds = ("stdlib", "platstdlib", "purelib", "platlib", "scripts", "include")
    folders = {paths[kind] for kind in kinds}
    folders.update(site.getsitepackages())
    folders.add(site.getusersitepackages())
    return {Path(folder).resolve() for folder in folders}


def blender_folders() -> set[Path]:
    """Folders of this Blender in which nothing may be emptied."""
    folders = {bpy.utils.resource_path(kind) for kind in ("LOCAL", "SYSTEM")}
    for kind in ("CONFIG", "SCRIPTS", "DATAFILES", "EXTENSIONS"):
        try:
            folders.add(bpy.utils.user_resource(kind))
        except ValueError:
            continue  # Blenders before 4.2 know no extensions
    return {Path(folder).resolve() for folder in folders if folder}


def is_of_the_system(folder: Path, home: Path) -> bool:
    system, shared = [*SYSTEM_FOLDERS], [*SHARED_FOLDERS]
    if sys.platform == "win32":
        system += [os.environ[name] for name in WINDOWS_SYSTEM if os.environ.get(name)]
        shared += [os.environ[name] for name in WINDOWS_SHARED if os.environ.get(name)]
        # Homes are beside the one of everybody.
        if os.environ.get("PUBLIC"):
            system.append(os.path.dirname(os.environ["PUBLIC"]))
    if folder in {Path(path).resolve() for path in (*system, *shared)}:
        return True
    # What is in root's own home may be root's wheelhouse.
    return folder.parent in map(Path, system) and folder.parent != home


def refusal(folder: Path) -> str | None:
    """Why this folder must never be emptied, whatever else was said."""
    if folder == Path(folder.anchor):
        return "it is the root of a file system"
    home = Path.home().resolve()
    if folder == home or folder in home.parents:
        return "it is or holds the home folder"
    if is_of_the_system(folder, home):
        return "it is a folder of the operating system"
    prefixes = {Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)}
    binary = [Path(bpy.app.binary_path).resolve().parent] if bpy.app.binary_path else []
    for own, name in ((python_folders(), "Python"), (blender_folders(), "Blender")):
        for place in own:
            if folder == place or place in folder.parents or folder in place.parents:
                return f"it is, holds or belongs to {name}'s own folder {place}"
    for place in (*prefixes, *binary):
        if folder == place or folder in place.parents:
            return f"it is or holds {place}, where Blender or its Python is installed"
    return None


def look(folder: Path) -> tuple[list[File], list[str]]:
    """Give the wheelhouse's own files in it, and the names of all other entries."""
    files: list[File] = []
    foreign: list[str] = []
    for entry in sorted(folder.iterdir()):
        info = entry.lstat()
        if stat.S_ISDIR(info.st_mode):
            foreign.append(f"{entry.name}/")
        elif is_of_a_wheelhouse(entry.name, info):
            files.append({"name": entry.name, "size": info.st_size})
        else:
            foreign.append(entry.name)
    return files, foreign


def is_of_a_wheelhouse(name: str, info: os.stat_result) -> bool:
    """Whether it is a wheel, or a link to one, or what a push has left."""
    if WHEEL.match(name):
        return stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode)
    is_own = os.name == "nt" or info.st_uid == os.geteuid()
    return bool(REMAINS.match(name)) and stat.S_ISREG(info.st_mode) and is_own


def is_being_written(path: Path) -> bool:
    """Whether a push holds the lock of a part file (see part_file.py of the service)."""
    return path.suffix == ".part" and not path.is_symlink() and is_held(path) is True


def remove(path: Path) -> None:
    """Remove a file or a folder; a link goes, what it points to stays. Missing is as good."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_files(folder: Path, names: list[str]) -> None:
    """Remove files of a folder, also if others move it meanwhile; and what is remembered of it."""
    memory = memory_of(folder)
    if os.unlink in os.supports_dir_fd:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=descriptor)
        finally:
            os.close(descriptor)
    else:
        for name in names:
            (folder / name).unlink(missing_ok=True)
    # What is left of the wheels is hashed again.
    with contextlib.suppress(OSError):
        memory.unlink()


def judged(folder: Path, order: PurgeOrder, files: list[File], foreign: list[str]) -> Verdict:
    """Tell whether these entries of a folder may be removed: "ready", or why not."""
    # Windows removes nothing that is open, whoever says so.
    if not order["force"] or os.name == "nt":
        busy = [file["name"] for file in files if is_being_written(folder / file["name"])]
        if busy:
            return "busy", f"a push is writing {busy[0]}"
    if not order["force"]:
        return "ready", None
    if order["names"] is None and foreign and os.path.ismount(folder):
        return "refused", f"it is a mount point and holds other things: {foreign[0]}"
    return "ready", None


def main(order: PurgeOrder) -> Purged:
    """Look at a folder, or remove what is meant of it; what is "busy" needs force, or an end."""
    given = Path(os.path.abspath(os.path.expanduser(order["folder"])))
    result: Purged = {
        "folder": str(given),
        "state": "refused",
        "reason": None,
        "files": [],
        "foreign": [],
    }
    if not os.path.lexists(given):
        return {**result, "state": "missing"}
    if given.is_symlink():
        return {**result, "reason": "it is a link"}
    if not given.is_dir():
        return {**result, "reason": "it isn't a folder"}
    folder = given.resolve()
    reason = refusal(folder)
    if reason is not None:
        return {**result, "reason": reason}
    files, foreign = look(folder)
    if order["names"] is not None:
        files = [file for file in files if file["name"] in order["names"]]
    state, reason = judged(folder, order, files, foreign)
    result = {**result, "files": files, "foreign": foreign, "state": state, "reason": reason}
    if state != "ready" or order["action"] == "look":
        return result
    remove_files(folder, [file["name"] for file in files])
    if order["force"] and order["names"] is None:
        for name in foreign:
            remove(folder / name.rstrip("/"))
    return {**result, "state": "purged"}
