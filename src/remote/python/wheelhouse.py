"""What a push needs to know and to do in a wheelhouse, besides writing bytes."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any


def resolved(folder: str) -> Path:
    """Give the absolute path of a folder as a user wrote it: ``~`` is Blender's home."""
    return Path(os.path.abspath(os.path.expanduser(folder)))


def is_file(path: Path, size: int, sha256: str) -> bool:
    """Whether ``path`` is a regular file (not a link) with this size and hash."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size != size:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest() == sha256


def prepare(arguments: dict[str, Any]) -> dict[str, Any]:
    """Make the folder ready and say which wheels it has already.

    Take ``{"folder", "wheels": [{"name", "size", "sha256"}]}``; give
    ``{"folder": absolute path, "present": [name], "free_bytes": int}``.
    Raises OSError where the folder can't be made or written to.
    """
    folder = resolved(arguments["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    # Permission bits don't tell (root, read-only mounts, ACLs), a real file does.
    with tempfile.TemporaryFile(dir=folder, prefix=".blender-remote-"):
        pass
    present = [
        wheel["name"]
        for wheel in arguments["wheels"]
        if is_file(folder / wheel["name"], wheel["size"], wheel["sha256"])
    ]
    free = shutil.disk_usage(folder).free
    return {"folder": str(folder), "present": present, "free_bytes": free}


def finish(arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a part file its name when its size and hash are right, otherwise remove it.

    Take ``{"part", "target", "size", "sha256"}``; give ``{"complete": bool}``.
    """
    part, target = Path(arguments["part"]), Path(arguments["target"])
    if is_file(part, arguments["size"], arguments["sha256"]):
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
        return {"complete": True}
    part.unlink(missing_ok=True)
    # Another push of the same wheel may have renamed the part that both wrote.
    return {"complete": is_file(target, arguments["size"], arguments["sha256"])}


def discard(arguments: dict[str, Any]) -> dict[str, Any]:
    """Remove a part file. Take ``{"part"}``; give ``{"complete": false}``."""
    Path(arguments["part"]).unlink(missing_ok=True)
    return {"complete": False}


def listing(arguments: dict[str, Any]) -> dict[str, Any]:
    """Say what is in a folder, without opening a file. Take ``{"folder"}``.

    Give ``{"folder": absolute path, "exists": bool, "files": [{"name", "size"}]}``, by name; what
    isn't a file, or a link to one, is left out. Raises OSError where it isn't a folder or can't be
    read.
    """
    folder = resolved(arguments["folder"])
    files = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                # Another push may rename or remove a file in between.
                with contextlib.suppress(FileNotFoundError):
                    if entry.is_file():
                        files.append({"name": entry.name, "size": entry.stat().st_size})
    except FileNotFoundError:
        return {"folder": str(folder), "exists": False, "files": []}
    files.sort(key=lambda file: file["name"])
    return {"folder": str(folder), "exists": True, "files": files}


ACTIONS = {"list": listing, "prepare": prepare, "finish": finish, "discard": discard}


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Do ``arguments["action"]``."""
    return ACTIONS[arguments["action"]](arguments)
