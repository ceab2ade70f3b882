"""What Blender's Python sees of installed packages, and which of them Blender has loaded.

Where a package comes from is found out there, never looked up in a list of names:

- ``extension``, ``user-modules``, ``add-on``: by the folder, which Blender names itself.
- ``bundled``: what came with Blender. In an official build everything lies in Blender's own folder,
  also what pip installs later, and all of it says pip as its installer. What tells them apart is
  time: pip writes a package's metadata when it installs, so what Blender shipped isn't newer than
  Blender's own files. Limit: an update that is unpacked over an older Blender makes what the user
  installed before it count as bundled. For Blender as a Python module, which pip installs together
  with what it needs: what ``bpy``'s metadata requires, directly or not, whatever its version.
- ``system``: brought by the operating system's packages: in a Python that isn't Blender's own, what
  no installer for users has installed (PEP 627, INSTALLER).
- ``site``: everything else in site-packages; ``other``: everything else on ``sys.path``.

What Blender has loaded is noted in its memory at the first look, as the version that is installed
then: when the package is replaced later, the note still says what Blender goes on with.
"""

import contextlib
import csv
import hashlib
import importlib
import importlib.machinery
import os
import re
import site
import sys
import sysconfig
import time
import types
import weakref
from collections.abc import Iterable
from typing import Any

import bpy

NOTES_MODULE = "_blender_remote_loaded_packages"

# Installers that users run, as they write themselves into INSTALLER.
USER_INSTALLERS = {"pip", "uv", "poetry", "pdm", "conda"}

Row = dict[str, Any]


def normalized(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


def is_inside(path: str, folders: Iterable[str]) -> bool:
    """Tell whether a path is one of the folders or below it; all of them as ``real`` gives them."""
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


def read(*path: str) -> str:
    """Give a small text file; nothing where there is none."""
    try:
        with open(os.path.join(*path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


# Metadata (PEP 376, PEP 627), read without importlib.metadata, which parses whole descriptions


class Distribution:
    """One metadata folder or file: ``NAME-VERSION.dist-info`` or ``.egg-info``."""

    def __init__(self, folder: str, entry: str) -> None:
        self.folder = folder
        self.path = os.path.join(folder, entry)
        self.name = ""
        self.version = ""
        self.requires: list[str] = []
        # An .egg-info may be a single file.
        text = read(self.path, "METADATA") or read(self.path, "PKG-INFO") or read(self.path)
        for line in text.lstrip().split("\n\n", 1)[0].split("\n"):
            key, _, value = line.partition(":")
            if key == "Name":
                self.name = normalized(value.strip())
            elif key == "Version":
                self.version = value.strip()
            elif key == "Requires-Dist":
                self.requires.append(value.strip())

    def modified(self) -> float:
        """When it was installed: the newest of the files that an installer writes (Unix time).

        Not the folder's own time, which changes with everything that is put into it.
        """
        times = []
        for file in ("RECORD", "INSTALLER", "METADATA", "PKG-INFO"):
            with contextlib.suppress(OSError):
                times.append(os.stat(os.path.join(self.path, file)).st_mtime)
        return max(times) if times else os.stat(self.path).st_mtime

    def files(self) -> set[str]:
        """Its files below ``folder``, as RECORD lists them; none for an ``.egg-info``."""
        lines = read(self.path, "RECORD").splitlines()
        return {line.split(",", 1)[0].strip('"').replace("/", os.sep) for line in lines}

    def content(self) -> str | None:
        """Digest of what its modules hold, by the hashes in RECORD; None where it has none.

        Of two installs of one version, this tells whether they differ.
        """
        prefix = os.path.basename(self.path) + "/"
        rows = csv.reader(read(self.path, "RECORD").splitlines())
        listed = [row[:2] for row in rows if len(row) > 1 and not row[0].startswith(prefix)]
        # pip lists what it compiles without a hash.
        hashed = sorted(row for row in listed if not row[0].endswith(".pyc"))
        if not hashed or not all(row[1] for row in hashed):
            return None
        return hashlib.sha256(repr(hashed).encode()).hexdigest()

    def top_level(self) -> list[str]:
        """Names by which it is imported."""
        declared = read(self.path, "top_level.txt").split()
        if declared:
            return declared
        names = set()
        for file in self.files():
            first, _, below = file.partition(os.sep)
            if below and first.isidentifier():
                names.add(first)
            elif not below and first.endswith((".py", ".so", ".pyd")):
                names.add(first.split(".")[0])
        return sorted(names) or [self.name.replace("-", "_")]


def path_folders() -> list[str]:
    """Give the folders of ``sys.path`` in order, each once."""
    seen: dict[str, str] = {}
    for entry in sys.path:
        if entry and os.path.isdir(entry):
            seen.setdefault(real(entry), entry)
    return list(seen.values())


def metadata_entries(folder: str) -> list[str]:
    """Name the metadata in a folder, in the order in which Python would come across it.

    What begins with ``~`` is what pip leaves of an uninstall that was interrupted.
    """
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [
        name
        for name in names
        if name.endswith((".dist-info", ".egg-info")) and not name.startswith("~")
    ]


def name_of(entry: str) -> str:
    """Give the name that a metadata folder's own name says."""
    return normalized(entry.rsplit(".", 1)[0].split("-", 1)[0])


# Where packages come from


def resource(kind: str) -> list[str]:
    """Give a folder of the user's Blender files, as far as this Blender has that kind."""
    try:
        folder = bpy.utils.user_resource(kind)
    except (TypeError, ValueError):
        return []
    return [folder] if folder else []


def script_folders() -> list[str]:
    """Give the user's script folders: the usual one, and those from Blender's preferences."""
    every = getattr(bpy.utils, "script_paths", list)()
    return [*resource("SCRIPTS"), *every]


def newest_own_file() -> float:
    """Give the time of the newest file that certainly is Blender's or its Python's own."""
    files = {bpy.app.binary_path, getattr(bpy, "__file__", None)}
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in sys.stdlib_module_names or name.startswith("bpy."):
            files.add(getattr(module, "__file__", None))
    newest = 0.0
    for file in files:
        if isinstance(file, str):
            with contextlib.suppress(OSError):
                newest = max(newest, os.stat(file).st_mtime)
    return newest


def required_by_bpy(own: list[str]) -> set[str]:
    """Give the names of what Blender as a Python module requires, and its own.

    Conditions aren't evaluated, except that extras don't count.
    """
    # A bpy that is only linked into site-packages has its metadata where it really is.
    folders = [*path_folders(), *(os.path.dirname(os.path.dirname(folder)) for folder in own)]
    entries: dict[str, tuple[str, str]] = {}
    for folder in folders:
        for entry in metadata_entries(folder):
            entries.setdefault(name_of(entry), (folder, entry))
    found = set()
    todo = ["bpy"]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        if name in entries:
            for requirement in Distribution(*entries[name]).requires:
                match = re.match(r"[\w.-]+", requirement)
                if match and "extra" not in requirement.partition(";")[2]:
                    todo.append(normalized(match[0]))
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
            real(os.path.join(folder, *below))
            for folder in scripts
            for below in (("modules",), ("addons", "modules"))
        ]
        candidates = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
        # Missing in the `site` module of old virtual environments.
        candidates += getattr(site, "getsitepackages", list)()
        self.site = [real(folder) for folder in candidates if folder]
        is_module = bool(getattr(bpy.app, "module", False))
        self.required = required_by_bpy(self.own) if is_module else set()
        self.newest = newest_own_file()

    def of(self, distribution: Distribution, modified: float) -> str:
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
            return "site" if installer in USER_INSTALLERS else "system"
        return "other"


# What Blender has loaded


def notes() -> dict[str, Row]:
    """Give what is known of loaded packages by name; it outlives this script's namespace."""
    holder = sys.modules.setdefault(NOTES_MODULE, types.ModuleType(NOTES_MODULE))
    return holder.__dict__.setdefault("packages", {})


def loaded_files() -> dict[str, str]:
    """Give the loaded modules that have a file: its path, and the module's name."""
    found = {}
    for name, module in list(sys.modules.items()):
        # Not getattr: a module may run code for names that it lacks.
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str):
            found[file] = name
    return found


def start_hooks(folder: str) -> set[str]:
    """Name the modules that a folder's ``.pth`` files import at every start.

    They are loaded although nobody uses the package: setuptools' ``_distutils_hack`` for instance.
    """
    names = set()
    for entry in os.listdir(folder):
        if entry.endswith(".pth"):
            for line in read(folder, entry).splitlines():
                if line.startswith(("import ", "import\t")):
                    names.update(re.findall(r"\w+", line))
    return names


def loaded_module(distribution: Distribution, below: dict[str, str]) -> str | None:
    """Name the outermost loaded module among a distribution's files.

    ``below``: as ``loaded_files``, of its folder only, with paths relative to that.
    """
    if not below:
        return None
    listed = distribution.files()
    if listed:
        names = [below[file] for file in listed.intersection(below)]
    else:
        tops = distribution.top_level()
        names = [
            name for file, name in below.items() if re.split(r"[./\\]", file, maxsplit=1)[0] in tops
        ]
    return min(names, key=lambda name: (name.count("."), name), default=None)


def is_live(note: Row) -> bool:
    module = note["object"]()
    return module is not None and sys.modules.get(note["module"]) is module


def note_loaded(distribution: Distribution, modified: float, below: dict[str, str]) -> None:
    """Remember that Blender has a distribution loaded, unless that is known already."""
    known = notes()
    if distribution.name in known:
        if is_live(known[distribution.name]):
            return
        del known[distribution.name]
    name = loaded_module(distribution, below)
    if name is None:
        return
    module = sys.modules[name]
    said = module.__dict__.get("__version__")
    if not isinstance(said, str):
        said = None
    # Some write less into the module: 4.8.1 of 4.8.1.78.
    elif distribution.version.startswith(f"{said}."):
        said = distribution.version
    known[distribution.name] = {
        "module": name,
        "object": weakref.ref(module),
        "location": distribution.folder,
        "modified": modified,
        "content": distribution.content(),
        "installed": distribution.version,
        "said": said,
    }


def is_same(note: Row, distribution: Distribution) -> bool:
    """Tell whether a replaced package is, file by file, again what Blender has loaded."""
    if note["installed"] != distribution.version:
        return False
    known = note.get("content")
    return known is not None and known == distribution.content()


def loaded_as(distribution: Distribution, modified: float) -> Row | None:
    """Give ``{"version", "location", "replaced"}`` of what is loaded under this name."""
    note = notes().get(distribution.name)
    if note is None or not is_live(note):
        return None
    here = note["location"] == distribution.folder
    replaced = here and note["modified"] != modified and not is_same(note, distribution)
    version = note["said"] or (note["installed"] if replaced or not here else None)
    return {"version": version, "location": note["location"], "replaced": replaced}


# Answers


class View:
    """One look at Blender's packages."""

    def __init__(self) -> None:
        self.origins = Origins()
        self._files = loaded_files()
        self._below: dict[str, dict[str, str]] = {}

    def below(self, folder: str) -> dict[str, str]:
        if folder not in self._below:
            start = folder.rstrip(os.sep) + os.sep
            hooks = start_hooks(folder)
            self._below[folder] = {
                file[len(start) :]: name
                for file, name in self._files.items()
                if file.startswith(start) and name not in hooks
            }
        return self._below[folder]

    def row(self, folder: str, entry: str) -> Row | None:
        """Give a package; None for metadata that has no name or version."""
        distribution = Distribution(folder, entry)
        if not distribution.name or not distribution.version:
            return None
        modified = distribution.modified()
        note_loaded(distribution, modified, self.below(folder))
        return {
            "name": distribution.name,
            "version": distribution.version,
            "location": folder,
            "source": self.origins.of(distribution, modified),
            "modified": modified,
            "loaded": loaded_as(distribution, modified),
        }


def every_entry() -> list[tuple[str, str]]:
    return [(folder, entry) for folder in path_folders() for entry in metadata_entries(folder)]


def page(rest: list[tuple[str, str]] | None, seconds: float) -> Row:
    """Give packages in the order of ``sys.path`` until the time is up, and what is left to do."""
    until = time.monotonic() + seconds
    todo = every_entry() if rest is None else rest
    view = View()
    rows = []
    done = 0
    for folder, entry in todo:
        rows.append(view.row(folder, entry))
        done += 1
        if time.monotonic() > until:
            break
    return {"packages": [row for row in rows if row], "rest": todo[done:]}


def spec_of(module: str) -> importlib.machinery.ModuleSpec | None:
    """Give where an import finds a top-level module, whether or not it is loaded.

    The path is asked first: other finders do things when they are asked, as setuptools' does for
    ``pip``. They matter for editable installs only.
    """
    path_finder = importlib.machinery.PathFinder
    for finder in [path_finder, *(one for one in sys.meta_path if one is not path_finder)]:
        try:
            spec = finder.find_spec(module, None, None)
        # Add-ons may put anything there.
        except Exception:
            continue
        if spec is not None:
            return spec
    return None


def place_of(spec: importlib.machinery.ModuleSpec | None) -> str | None:
    """Give the file of a module, the folder of a package without one; None where there is none."""
    if spec is None:
        return None
    if spec.has_location and spec.origin:
        return spec.origin if os.path.exists(spec.origin) else None
    # A folder with nothing to import in it is a package as well (PEP 420).
    for folder in spec.submodule_search_locations or []:
        if os.path.isdir(folder) and any(name != "__pycache__" for name in os.listdir(folder)):
            return folder
    return None


def found(distribution: Distribution) -> Row:
    """Tell whether an import finds a distribution's modules, and whether it finds others instead.

    Gives ``{"found": bool, "instead": str | None}``. Nothing is imported for that.
    """
    answer: Row = {"found": False, "instead": None}
    for module in distribution.top_level():
        place = place_of(spec_of(module))
        if place is None:
            continue
        own = place_of(importlib.machinery.PathFinder.find_spec(module, [distribution.folder]))
        # An editable install has no module in its folder, and its own way to be found.
        if own is None or own == place or os.path.isdir(place):
            return {"found": True, "instead": None}
        answer["instead"] = place
    return answer


def look(name: str, entries: list[tuple[str, str]], view: View) -> Row:
    """Give the copy of a package that wins, or nothing but its name where there is none."""
    for folder, entry in entries:
        if name_of(entry) != name:
            continue
        row = view.row(folder, entry)
        if row is not None and row["name"] == name:
            return {"name": name, "package": row, **found(Distribution(folder, entry))}
    return {"name": name, "package": None, "found": False, "instead": None}


def debris(folders: list[str] | None, seconds: float) -> Row:
    """Name what an install that was ended has left, of what changed in these seconds.

    It is looked for in folders; null for site-packages.

    Gives ``{"debris": [path]}``: what pip had set aside (``~name``), and files and folders that
    belong to no package.
    """
    since = time.time() - seconds
    found = []
    for folder in dict.fromkeys(Origins().site) if folders is None else folders:
        listed = set()
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


def main(arguments: Row) -> Row | list[Row]:
    """List packages, or look at some by name, or at what is left of an install that was ended.

    ``{"rest", "seconds"}``: a page of all packages, with ``rest`` null at first and then what the
    page before gave. ``{"names"}``: for each, the copy that wins and whether it can be imported.
    ``{"folders", "seconds"}``: see ``debris``.
    Python forgets first what it knew of folders, so that what was installed since counts.
    """
    importlib.invalidate_caches()
    if "folders" in arguments:
        return debris(arguments["folders"], arguments["seconds"])
    if "names" not in arguments:
        return page(arguments["rest"], arguments["seconds"])
    entries = every_entry()
    view = View()
    return [look(normalized(name), entries, view) for name in arguments["names"]]
