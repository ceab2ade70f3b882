"""What an install that was ended in the middle has left behind."""

import contextlib
import os
import shutil
import time
from typing import TypedDict

from package_metadata import Distribution, metadata_entries
from package_origins import user_module_folders
from pip_leftovers import pip_leftovers
from python_folders import real, site_folders


class Debris(TypedDict):
    """Paths that belong to no package."""

    debris: list[str]


class StuckPath(TypedDict):
    """What could not be removed."""

    path: str
    reason: str


class Removed(TypedDict):
    """What became of leftovers."""

    removed: list[str]
    failed: list[StuckPath]


def removed(paths: list[str]) -> Removed:
    """Remove leftovers of pip, of those that are still taken for such where pip installs."""
    answer: Removed = {"removed": [], "failed": []}
    places = [real(folder) for folder in [*site_folders(), *user_module_folders()]]
    folders = {os.path.dirname(path) for path in paths}
    known = {
        os.path.join(folder, name)
        for folder in folders
        if real(folder) in places
        for name in pip_leftovers(folder)
    }
    for path in paths:
        if path not in known:
            continue
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            answer["failed"].append({"path": path, "reason": error.strerror or str(error)})
            continue
        answer["removed"].append(path)
    return answer


def debris(folders: list[str] | None, seconds: float) -> Debris:
    """Name what an install that was ended has left, of what changed in these seconds.

    It is looked for in folders; null for site-packages.

    It is what pip had set aside (``~name``), and files and folders that belong to no package.
    """
    since = time.time() - seconds
    found: list[str] = []
    places = [real(folder) for folder in site_folders()] if folders is None else folders
    for folder in places:
        listed: set[str] = set()
        for entry in metadata_entries(folder):
            # Of the metadata folder pip writes this last, with RECORD, which wheels have as well.
            installer = os.path.join(folder, entry, "INSTALLER")
            if entry.endswith(".egg-info") or os.path.exists(installer):
                listed.add(entry)
                files = Distribution(folder, entry).files()
                listed.update(file.split(os.sep, 1)[0] for file in files)
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name in listed or entry.name == "__pycache__":
                    continue
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if max(status.st_mtime, status.st_ctime) >= since:
                        found.append(entry.path)
    return {"debris": sorted(found)}
