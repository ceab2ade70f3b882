"""Where a package comes from: found out in Blender, never looked up in a list of names.

- ``extension``, ``user-modules``, ``add-on``: by the folder, which Blender names itself.
- ``bundled``: what came with Blender. In an official build everything lies in Blender's own folder,
  also what pip installs later, and all of it says pip as its installer. What tells them apart is
  time: pip writes a package's metadata when it installs, so what Blender shipped isn't newer than
  Blender's own files. Limit: an update that is unpacked over an older Blender makes what the user
  installed before it count as bundled. For Blender as a Python module, which pip installs together
  with what it needs: what ``bpy``'s metadata requires, directly or not, whatever its version.
- ``system``: brought by the operating system's packages: what no installer for users has installed
  (PEP 627, INSTALLER), in a folder where such packages lie: none of Blender's own Python, of a
  virtual environment, or below ``/usr/local`` where Python itself is in ``/usr``.
- ``site``: everything else in site-packages; ``other``: everything else on ``sys.path``.
"""

import contextlib
import os
import re
import sys

import bpy
from package_metadata import Distribution, metadata_entries, name_of, read
from package_names import normalized
from python_folders import USER_MODULES, is_inside, path_folders, real, site_folders
from shipped_record import noted

# The name in a requirement (PEP 508).
REQUIRED = re.compile(r"[\w.-]*\w")

# Installers that users run, as they write themselves into INSTALLER.
USER_INSTALLERS = {"pip", "uv", "poetry", "pdm", "conda"}

# Where the system's pip installs; its packages put nothing there (FHS 3.0, 4.9).
LOCAL = "/usr/local"


def resource(kind: str) -> list[str]:
    """Give a folder of the user's Blender files, as far as this Blender has that kind."""
    try:
        folder = bpy.utils.user_resource(kind)
    except (TypeError, ValueError):
        return []
    return [folder] if folder else []


def script_folders() -> list[str]:
    """Give the user's script folders: the usual one, and those from Blender's preferences."""
    return [*resource("SCRIPTS"), *bpy.utils.script_paths()]


def user_module_folders() -> list[str]:
    """Give the folders that ``pkg install --target user-modules`` fills, one in any Blender."""
    return [os.path.join(folder, USER_MODULES) for folder in resource("SCRIPTS")]


def newest_own_file() -> float:
    """Give the time of the newest file that certainly is Blender's or its Python's own."""
    files: set[object] = {bpy.app.binary_path, getattr(bpy, "__file__", None)}
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in sys.stdlib_module_names or name.startswith("bpy."):
            files.add(getattr(module, "__file__", None))
    newest = 0.0
    for file in files:
        if isinstance(file, str):
            with contextlib.suppress(OSError):
                newest = max(newest, os.stat(file).st_mtime)
    return newest


def required_by_bpy(own: list[str]) -> dict[str, list[str]]:
    """Give what Blender as a Python module requires, and itself.

    By name, as requirements (PEP 508): those of its own metadata, and without versions those of
    what it requires. Conditions aren't evaluated, except that extras don't count.
    """
    # A bpy that is only linked into site-packages has its metadata where it really is.
    folders = [*path_folders(), *(os.path.dirname(os.path.dirname(folder)) for folder in own)]
    entries: dict[str, tuple[str, str]] = {}
    for folder in folders:
        for entry in metadata_entries(folder):
            entries.setdefault(name_of(entry), (folder, entry))
    found: dict[str, list[str]] = {}
    todo = [("bpy", "bpy")]
    while todo:
        name, line = todo.pop(0)
        is_new = name not in found
        found.setdefault(name, []).append(line)
        if is_new and name in entries:
            for requirement in Distribution(*entries[name]).requires:
                match = REQUIRED.match(requirement)
                if match:
                    spec, *condition = requirement.split(";", 1)
                    wanted = ";".join([spec if name == "bpy" else match[0], *condition])
                    todo.append((normalized(match[0]), wanted))
    return found


class Origins:
    """Tells where packages come from (see the module's description)."""

    def __init__(self) -> None:
        own = [bpy.utils.resource_path(kind) for kind in ("LOCAL", "SYSTEM")]
        self.own = [real(folder) for folder in own if folder and os.path.isdir(folder)]
        users = resource("SCRIPTS")
        scripts = [folder for folder in script_folders() if folder]
        scripts = [one for one in scripts if one in users or not is_inside(real(one), self.own)]
        self.extensions = [real(folder) for folder in resource("EXTENSIONS")]
        self.addons = [real(os.path.join(folder, "addons")) for folder in scripts]
        self.modules = [
            real(os.path.join(folder, below))
            for folder in scripts
            for below in ("modules", USER_MODULES)
        ]
        self.site = [real(folder) for folder in site_folders()]
        self.own_site = [folder for folder in self.site if is_inside(folder, self.own)]
        is_module = bool(getattr(bpy.app, "module", False))
        self.required = required_by_bpy(self.own) if is_module else {}
        self.newest = newest_own_file()

    def is_pips(self, distribution: Distribution, modified: float) -> bool:
        """Tell whether it lies where nobody but pip, and its like, installs packages.

        What Blender shipped was installed by whoever built it.
        """
        folder = real(distribution.folder)
        if folder not in self.site:
            return False
        if is_inside(folder, self.own):
            return modified > self.newest
        prefix = real(sys.prefix)
        if sys.prefix != sys.base_prefix:
            return is_inside(folder, [prefix])
        return prefix == "/usr" and is_inside(folder, [LOCAL])

    def of(self, distribution: Distribution, modified: float) -> str:
        """Name the origin of a package that was installed at that time."""
        folder = real(distribution.folder)
        if is_inside(folder, self.extensions):
            return "extension"
        if is_inside(folder, self.modules):
            return "user-modules"
        if is_inside(folder, self.addons):
            return "add-on"
        if distribution.name in self.required and folder in self.site:
            return "bundled"
        if is_inside(folder, self.own):
            return "bundled" if modified <= self.newest else "site"
        if folder in self.site:
            installer = read(distribution.path, "INSTALLER").strip()
            by_user = installer in USER_INSTALLERS or distribution.is_half()
            return "site" if by_user or self.is_pips(distribution, modified) else "system"
        return "other"

    def shipped(self) -> list[str]:
        """Give what Blender shipped, as far as it is known without looking at what is there.

        As requirements (PEP 508); of several for one name the first counts whose condition holds.
        """
        versions = [
            f"{name}=={version}" for one in self.own_site for name, version in noted(one).items()
        ]
        lines = [line for name, some in self.required.items() if name != "bpy" for line in some]
        return versions + lines
