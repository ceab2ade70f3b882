"""Where packages can go in Blender's Python."""

import os
import site
import sys
import sysconfig
import uuid
from typing import TypedDict

import bpy
from python_folders import USER_MODULES, same_path, site_folders


class Folder(TypedDict):
    """A folder for packages; ``error`` says why it isn't writable."""

    path: str
    exists: bool
    writable: bool
    error: str | None
    on_path: bool


class UserSite(TypedDict):
    """Python's own folder for a user's packages (PEP 370)."""

    path: str
    exists: bool
    enabled: bool


class Site(TypedDict):
    """All folders for packages, and the marker of PEP 668."""

    packages: list[Folder]
    purelib: str
    user: UserSite
    user_modules: Folder | None
    externally_managed: str | None


def write_error(folder: str) -> str | None:
    """Try to create a file in a folder, or in the nearest one above that exists.

    Permission bits, read-only mounts, access lists and Windows' virtual folders make every other
    answer a guess. Nothing stays behind. Gives None when it worked, else why not.
    """
    while not os.path.lexists(folder):
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
    # Not tempfile: on Windows it tries again and again where access is denied.
    path = os.path.join(folder, f".blender-remote-{uuid.uuid4().hex}")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        os.remove(path)
    except OSError as error:
        return error.strerror or str(error)
    return None


def folder_facts(path: str) -> Folder:
    """Tell what there is to say of a folder for packages."""
    error = write_error(path)
    return {
        "path": path,
        "exists": os.path.isdir(path),
        "writable": error is None,
        "error": error,
        "on_path": any(same_path(path, entry) for entry in sys.path if entry),
    }


def externally_managed() -> str | None:
    """Give the path of the marker of PEP 668; a virtual environment isn't subject to it."""
    if sys.prefix != sys.base_prefix:
        return None
    marker = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    return marker if os.path.isfile(marker) else None


def user_modules() -> Folder | None:
    """Give the facts of the folder under Blender's user scripts that is on its path at every start.

    Blender adds ``scripts/addons/modules`` even while it doesn't exist.
    """
    path = bpy.utils.user_resource("SCRIPTS", path=USER_MODULES)
    return folder_facts(path) if path else None


def site_facts() -> Site:
    user = site.getusersitepackages()
    return {
        "packages": [folder_facts(path) for path in site_folders()],
        "purelib": sysconfig.get_path("purelib"),
        "user": {
            "path": user,
            "exists": os.path.isdir(user),
            "enabled": bool(site.ENABLE_USER_SITE),
        },
        "user_modules": user_modules(),
        "externally_managed": externally_managed(),
    }
