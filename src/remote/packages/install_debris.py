"""What an install that was ended in the middle has left behind."""

import contextlib
import os
import shutil
import time
from typing import TypedDict

from package_metadata import Distribution, metadata_entries
from package_origins import user_module_folders
from pip_leftovers import pip_leftovers, put_back
from python_folders import each_once, is_inside, real, site_folders
from site_lock import release_all, take_all
from unfinished_changes import PREFIX


class Debris(TypedDict):
    """Paths that belong to no package."""

    debris: list[str]


class StuckPath(TypedDict):
    """What could not be removed."""

    path: str
    reason: str


class Removed(TypedDict):
    """What became of leftovers."""

    # Packages that are there again, with versions and folder.
    restored: list[str]
    removed: list[str]
    failed: list[StuckPath]
    # The folder in which another Blender changes packages, which has kept us from the rest.
    busy: str | None


def remove_in(folder: str, paths: list[str], answer: Removed) -> None:
    """Put back what can be; remove other leftovers in a folder that are still taken for such."""
    with contextlib.suppress(OSError):
        answer["restored"] += [f"{label} in {folder}" for label in put_back(folder)]
    known = {os.path.join(real(folder), name) for name in pip_leftovers(folder)}
    for path in paths:
        # Its folder may be known by another name.
        place, name = os.path.split(path)
        if os.path.join(real(place), name) not in known:
            continue
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            answer["failed"].append({"path": path, "reason": error.strerror or str(error)})
            continue
        answer["removed"].append(path)


def removed(paths: list[str]) -> Removed:
    """Remove leftovers of pip where pip installs and none of ours is at work."""
    answer: Removed = {"restored": [], "removed": [], "failed": [], "busy": None}
    for folder in each_once([*site_folders(), *user_module_folders()]):
        inside = [path for path in paths if is_inside(real(os.path.dirname(path)), [real(folder)])]
        if not inside:
            continue
        locks = take_all([folder])
        if isinstance(locks, str):
            answer["busy"] = locks
            break
        try:
            remove_in(folder, inside, answer)
        finally:
            release_all(locks)
    return answer


def debris(folders: list[str] | None, seconds: float) -> Debris:
    """Name what an install that was ended has left, of what changed in these seconds.

    It is looked for in folders; null for site-packages.

    It is what pip had set aside (``~name``), and files and folders that belong to no package.
    """
    since = time.time() - seconds
    found: list[str] = []
    places = site_folders() if folders is None else folders
    for folder in places:
        listed: set[str] = set()
        for entry in metadata_entries(folder):
            one = Distribution(folder, entry)
            has_installer = os.path.exists(os.path.join(one.path, "INSTALLER"))
            if entry.endswith(".egg-info") or (has_installer and not one.is_incomplete()):
                listed.add(entry)
                listed.update(file.split(os.sep, 1)[0] for file in one.files())
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if (
                    entry.name in listed
                    or entry.name == "__pycache__"
                    or entry.name.startswith(PREFIX)
                ):
                    continue
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if max(status.st_mtime, status.st_ctime) >= since:
                        found.append(entry.path)
    return {"debris": sorted(found)}
