"""Installs what pip has put into a staging folder into Blender's user modules folder.

pip's ``--target`` neither upgrades nor removes what is there already, and puts console scripts
beside the modules. So pip fills an empty folder, and this moves the packages into place: the files
of an older version go, those of the new one come, and when anything fails all is as it was.
"""

import csv
import importlib
import importlib.metadata
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Beside the modules, so that everything moves by renaming; a name that no import can mean.
PREFIX = ".blender-remote-"


def normalized(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(folder: Path) -> Iterator[importlib.metadata.Distribution]:
    yield from importlib.metadata.distributions(path=[str(folder)])


def own_files(distribution: importlib.metadata.Distribution, folder: Path) -> list[Path]:
    """Files that the distribution's RECORD names, as far as they are inside ``folder``."""
    root = folder.resolve()
    found = []
    for file in distribution.files or []:
        path = Path(os.path.abspath(folder / str(file)))
        if root in path.parents or folder in path.parents:
            found.append(path)
    return found


def stage(arguments: dict[str, Any]) -> dict[str, Any]:
    """Make an empty staging folder. Take ``{"folder"}``; give ``{"stage"}``, its path.

    Leftovers of earlier runs go first.
    """
    folder = Path(arguments["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{PREFIX}*"):
        shutil.rmtree(old, ignore_errors=True)
    staged = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    (staged / "new").mkdir()
    return {"stage": str(staged / "new")}


def discard(arguments: dict[str, Any]) -> dict[str, Any]:
    """Remove the staging folder. Take ``{"stage"}``; give ``{}``."""
    shutil.rmtree(Path(arguments["stage"]).parent, ignore_errors=True)
    return {}


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

    Nobody's PATH leads there, and their lines in RECORD would point out of the folder.
    """
    names = []
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


def swap(arguments: dict[str, Any]) -> dict[str, Any]:
    """Move what is staged into place. Take ``{"folder", "stage"}``; give ``{"scripts": [name]}``.

    ``scripts``: console scripts that were left out. OSError: nothing has changed.
    """
    folder, staged = Path(arguments["folder"]), Path(arguments["stage"])
    scripts = drop_scripts(staged)
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
    shutil.rmtree(staged.parent, ignore_errors=True)
    # Blender puts the folder there at its start; importing must work without another one.
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()
    return {"scripts": scripts}


ACTIONS = {"stage": stage, "discard": discard, "swap": swap}


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Do ``arguments["action"]``."""
    return ACTIONS[arguments["action"]](arguments)
