"""Installs what pip has put into a staging folder into Blender's user modules folder.

pip's ``--target`` neither upgrades nor removes what is there already, and puts console scripts
beside the modules. So pip fills an empty folder, and this moves the packages into place: the files
of an older version go, those of the new one come, and when anything fails all is as it was.
Removing packages is the same with nothing that comes.
"""

import csv
import filecmp
import importlib
import importlib.metadata
import io
import os
import shutil
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any, TypedDict

import pip_registry
from file_lock import hold, is_held
from package_names import normalized

# Beside the modules, so that everything moves by renaming; a name that no import can mean.
PREFIX = ".blender-remote-"

# Every call runs in a namespace of its own; a module is what stays between them.
REGISTRY = "_blender_remote_stages"

# Between two steps of an install a staging folder has no run; each follows the other at once.
IDLE_SECONDS = 60


class FolderArguments(TypedDict):
    """The user modules folder."""

    folder: str


class Stage(TypedDict):
    """A staging folder."""

    stage: str


class SwapArguments(FolderArguments, Stage):
    """The user modules folder, and what to move into it."""


class Swapped(TypedDict):
    """What became of what was staged."""

    # Console scripts that were left out.
    scripts: list[str]
    # Another controller may have seen the same run's end and moved it already.
    moved: bool
    # Files in the folder that are in the way and belong to no package.
    strangers: list[str]


class UninstallArguments(FolderArguments):
    """The user modules folder, and which packages go."""

    names: list[str]


class Uninstalled(TypedDict):
    """Names of packages without a RECORD (PEP 376)."""

    unrecorded: list[str]


def distributions(folder: Path) -> Iterator[importlib.metadata.Distribution]:
    yield from importlib.metadata.distributions(path=[str(folder)])


def own_files(distribution: importlib.metadata.Distribution, folder: Path) -> list[Path]:
    """Files that the distribution's RECORD names, as far as they really are inside ``folder``."""
    root = folder.resolve()
    found: list[Path] = []
    for file in distribution.files or []:
        path = Path(os.path.abspath(folder / str(file)))
        # A name may lead out, by itself or through a link; a whole folder is never one file.
        parent = path.parent.resolve()
        inside = folder in path.parents and (parent == root or root in parent.parents)
        if inside and (path.is_symlink() or not path.is_dir()):
            found.append(path)
    return found


# Staging folders


def held() -> dict[str, FileIO]:
    """Give the staging folders that this Blender made and still has, each with its open file."""
    module = sys.modules.setdefault(REGISTRY, types.ModuleType(REGISTRY))
    return module.__dict__.setdefault("stages", {})


def remove(place: Path) -> None:
    file = held().pop(str(place), None)
    if file is not None:
        file.close()
    shutil.rmtree(place, ignore_errors=True)


def is_needed(place: Path) -> bool:
    """Tell whether an install, in whatever Blender, still goes on in a staging folder."""
    if str(place) not in held():
        return is_held(place / "owner") is not False
    if pip_registry.current_stage() == str(place / "new"):
        return True
    try:
        return time.time() - (place / "new").stat().st_mtime < IDLE_SECONDS
    except OSError:
        return False


def sweep(arguments: FolderArguments) -> dict[str, str]:
    """Remove what installs have left that nobody goes on with. Give ``{}``."""
    for place in Path(arguments["folder"]).glob(f"{PREFIX}*"):
        if not is_needed(place):
            remove(place)
    return {}


def make_place(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    # Shows other Blenders, as long as this one lives, that the folder is in use.
    held()[str(place)] = hold(place / "owner")
    return place


def stage(arguments: FolderArguments) -> Stage:
    """Make an empty staging folder.

    Leftovers of earlier runs go first.
    """
    sweep(arguments)
    staged = make_place(Path(arguments["folder"])) / "new"
    staged.mkdir()
    return {"stage": str(staged)}


def discard(arguments: Stage) -> dict[str, str]:
    """Remove the staging folder. Give ``{}``."""
    remove(Path(arguments["stage"]).parent)
    return {}


# Moving


class Swap:
    """Moves files and knows how to undo it."""

    def __init__(self, folder: Path, backup: Path) -> None:
        self.folder = folder
        self.backup = backup
        self._undo: list[tuple[Path, Path]] = []
        self._made: list[Path] = []

    def move(self, source: Path, target: Path) -> None:
        missing = [parent for parent in target.parents if not parent.exists()]
        for parent in reversed(missing):
            parent.mkdir()
            self._made.append(parent)
        os.replace(source, target)
        self._undo.append((target, source))

    def put_aside(self, path: Path) -> None:
        if os.path.lexists(path):
            self.move(path, self.backup / path.relative_to(self.folder))

    def undo(self) -> None:
        for target, source in reversed(self._undo):
            source.parent.mkdir(parents=True, exist_ok=True)
            os.replace(target, source)
        for folder in reversed(self._made):
            # A half-empty .dist-info would count as a package without a name.
            if not any(folder.iterdir()):
                folder.rmdir()


def drop_scripts(staged: Path) -> list[str]:
    """Remove the console scripts that pip put beside the modules; give their names.

    Nobody's PATH leads to them, and their lines in RECORD would point out of the folder.
    """
    names: list[str] = []
    for place in ("bin", "Scripts"):
        scripts = staged / place
        if scripts.is_dir() and not (scripts / "__init__.py").exists():
            names += sorted(entry.name for entry in scripts.iterdir())
            shutil.rmtree(scripts)
    for record in staged.glob("*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if row and not row[0].startswith("..")]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        record.write_text(text.getvalue(), encoding="utf-8")
    return names


def prune(folder: Path, start: Path) -> None:
    """Remove folders that have become empty, from ``start`` upwards, below ``folder``."""
    while start != folder and folder in start.parents:
        caches = start / "__pycache__"
        if caches.is_dir() and not [entry for entry in start.iterdir() if entry != caches]:
            shutil.rmtree(caches, ignore_errors=True)
        try:
            start.rmdir()
        except OSError:
            return
        start = start.parent


def rivals(source: Path, target: Path) -> list[Path]:
    """What would be replaced by a staged file or folder, or be the same module beside it."""
    if not source.is_dir() or source.is_symlink():
        package = target.with_suffix("") / "__init__.py"
        return [target, package] if target.suffix == ".py" else [target]
    if (source / "__init__.py").exists():
        return [target.with_name(f"{target.name}.py")]
    return []


def strangers(folder: Path, staged: Path) -> list[str]:
    """What is in the way and belongs to no package: somebody's own modules."""
    owned = {path for one in distributions(folder) for path in own_files(one, folder)}
    found: set[str] = set()
    for source in staged.rglob("*"):
        target = folder / source.relative_to(staged)
        for rival in rivals(source, target):
            if not os.path.lexists(rival) or rival in owned or "__pycache__" in rival.parts:
                continue
            if rival == target and rival.is_file() and filecmp.cmp(source, rival, shallow=False):
                continue
            found.add(str(rival.relative_to(folder)))
    return sorted(found)


def swap(arguments: SwapArguments) -> Swapped:
    """Move what is staged into place.

    Nothing has changed where strangers are in the way, nor with OSError.
    """
    folder, staged = Path(arguments["folder"]), Path(arguments["stage"])
    if not staged.is_dir():
        return {"scripts": [], "moved": False, "strangers": []}
    scripts = drop_scripts(staged)
    if in_the_way := strangers(folder, staged):
        return {"scripts": [], "moved": False, "strangers": in_the_way}
    names = {normalized(new.metadata["Name"]) for new in distributions(staged)}
    replaced = [old for old in distributions(folder) if normalized(old.metadata["Name"]) in names]
    old_files = [path for old in replaced for path in own_files(old, folder)]
    work = Swap(folder, staged.parent / "old")
    try:
        for path in old_files:
            work.put_aside(path)
        for path in sorted(staged.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            target = folder / path.relative_to(staged)
            work.put_aside(target)
            work.move(path, target)
    except OSError:
        work.undo()
        raise
    for parent in {path.parent for path in old_files}:
        prune(folder, parent)
    # On Windows files that are loaded can be moved but not removed: the next run takes them.
    remove(staged.parent)
    # Blender puts the folder on its path at its start; importing must work without another one.
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()
    return {"scripts": scripts, "moved": True, "strangers": []}


def uninstall(arguments: UninstallArguments) -> Uninstalled:
    """Remove packages, by the RECORD of each.

    Nothing has changed where one has no RECORD, nor with OSError.
    """
    folder, names = Path(arguments["folder"]), set(arguments["names"])
    sweep(arguments)
    gone = [one for one in distributions(folder) if normalized(one.metadata["Name"]) in names]
    unrecorded = [one for one in gone if one.files is None or not one.read_text("RECORD")]
    if unrecorded:
        return {"unrecorded": sorted({normalized(one.metadata["Name"]) for one in unrecorded})}
    files = list(dict.fromkeys(path for one in gone for path in own_files(one, folder)))
    place = make_place(folder)
    work = Swap(folder, place / "old")
    try:
        for path in files:
            work.put_aside(path)
    except OSError:
        work.undo()
        remove(place)
        raise
    for parent in {path.parent for path in files}:
        prune(folder, parent)
    remove(place)
    importlib.invalidate_caches()
    return {"unrecorded": []}


ACTIONS: dict[str, Callable[[Any], object]] = {
    "sweep": sweep,
    "stage": stage,
    "discard": discard,
    "swap": swap,
    "uninstall": uninstall,
}


class UserModulesOrder(TypedDict):
    """Names what is to be done; it comes with the arguments of that."""

    action: str


def main(arguments: UserModulesOrder) -> object:
    """Do ``arguments["action"]``."""
    return ACTIONS[arguments["action"]](arguments)
