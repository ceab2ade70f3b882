"""Empties a wheelhouse, and nothing that isn't one."""

import os
import re
import shutil
import site
import sys
import sysconfig
from pathlib import Path
from typing import Any

import bpy
from file_lock import is_held

# Wheels and source archives as pip leaves them, and what a push leaves (parts, caches).
WHEELHOUSE_FILE = re.compile(r"^([^/\\]+\.(whl|tar\.gz|zip)|\.blender-remote-.+|\..+\.part)$")

# Neither they nor what is in them at the first level: /usr/lib, another user's home.
SYSTEM_FOLDERS = ["/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/proc", "/root"]
SYSTEM_FOLDERS += ["/sbin", "/sys", "/usr", "/Applications", "/Library", "/System", "/Users"]
# These hold folders of everybody's, such as /opt/wheels.
SHARED_FOLDERS = ["/media", "/mnt", "/opt", "/run", "/srv", "/tmp", "/var", "/var/lib", "/var/tmp"]
SHARED_FOLDERS += ["/Volumes"]
# Where Windows keeps its own.
WINDOWS_VARIABLES = ["SystemRoot", "ProgramFiles", "ProgramFiles(x86)", "ProgramData", "PUBLIC"]


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
    own = {os.environ[name] for name in WINDOWS_VARIABLES if os.environ.get(name)}
    if folder in {Path(path).resolve() for path in (*SYSTEM_FOLDERS, *SHARED_FOLDERS, *own)}:
        return True
    # What is in root's own home may be root's wheelhouse.
    return str(folder.parent) in SYSTEM_FOLDERS and folder.parent != home


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
    binary = {Path(bpy.app.binary_path).resolve().parent} if bpy.app.binary_path else set()
    for own, name in ((python_folders(), "Python"), (blender_folders(), "Blender")):
        for place in own:
            if folder == place or place in folder.parents or folder in place.parents:
                return f"it is, holds or belongs to {name}'s own folder {place}"
    for place in prefixes | binary:
        if folder == place or folder in place.parents:
            return f"it is or holds {place}, where Blender or its Python is installed"
    return None


def size_of(path: Path) -> int:
    return path.lstat().st_size


def look(folder: Path) -> dict[str, Any]:
    """What is there: wheelhouse files (name, size) and foreign entries (names)."""
    files, foreign = [], []
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            foreign.append(f"{entry.name}/")
        elif WHEELHOUSE_FILE.match(entry.name):
            files.append({"name": entry.name, "size": size_of(entry)})
        else:
            foreign.append(entry.name)
    return {"files": files, "foreign": foreign}


def is_being_written(path: Path) -> bool:
    """Whether a push holds the lock of a part file (see part_file.py of the service)."""
    return path.suffix == ".part" and not path.is_symlink() and is_held(path) is True


def empty(folder: Path) -> None:
    """Remove every entry; links go, what they point to stays."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"folder", "action": "look"|"purge", "force": bool}``.

    Give ``{"folder", "state", "reason", "files", "foreign"}``, ``state`` one of "missing",
    "refused" and "busy" (``reason`` says why), "foreign", "ready", "purged"; "busy" and "foreign"
    aren't purged without force.
    """
    given = Path(os.path.abspath(os.path.expanduser(arguments["folder"])))
    answer: dict[str, Any] = {"folder": str(given), "reason": None, "files": [], "foreign": []}
    if not os.path.lexists(given):
        return {**answer, "state": "missing"}
    if given.is_symlink():
        return {**answer, "state": "refused", "reason": "it is a link"}
    if not given.is_dir():
        return {**answer, "state": "refused", "reason": "it isn't a folder"}
    folder = given.resolve()
    reason = refusal(folder)
    if reason is not None:
        return {**answer, "state": "refused", "reason": reason}
    answer.update(look(folder))
    # A share that holds nothing but wheels is a wheelhouse.
    if answer["foreign"] and os.path.ismount(folder):
        reason = f"it is a mount point and holds other things: {answer['foreign'][0]}"
        return {**answer, "state": "refused", "reason": reason}
    if answer["foreign"] and not arguments["force"]:
        return {**answer, "state": "foreign"}
    busy = [file["name"] for file in answer["files"] if is_being_written(folder / file["name"])]
    if busy and not arguments["force"]:
        return {**answer, "state": "busy", "reason": f"a push is writing {busy[0]}"}
    if arguments["action"] == "look":
        return {**answer, "state": "ready"}
    empty(folder)
    return {**answer, "state": "purged"}
