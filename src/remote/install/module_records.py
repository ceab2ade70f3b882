"""Which files in the user modules folder belong to which package, and which to none."""

import csv
import filecmp
import io
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from package_metadata import Distribution, metadata_entries, name_of
from python_folders import is_inside, real
from unfinished_changes import PREFIX


def distributions(folder: str) -> list[Distribution]:
    return [Distribution(folder, entry) for entry in metadata_entries(folder)]


def owner_name(distribution: Distribution) -> str:
    """Whose metadata it is; where it is broken its own name has to tell."""
    return distribution.name or name_of(os.path.basename(distribution.path))


def files_below(folder: str) -> list[str]:
    """Give all files below a folder, and links as such; relative to it, in order."""
    found: list[str] = []
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        found += [os.path.relpath(os.path.join(place, name), folder) for name in links + files]
    return sorted(found)


def inside(folder: str, name: str) -> str | None:
    """Give the path of a file that RECORD names, relative to the folder; None if it isn't there.

    A name may lead out, by itself or through a link; a whole folder is never one file.
    """
    path = os.path.abspath(os.path.join(folder, name))
    parent = os.path.dirname(path)
    if not is_inside(real(parent), [real(folder)]) or not path.startswith(folder + os.sep):
        return None
    if not os.path.lexists(path) or (os.path.isdir(path) and not os.path.islink(path)):
        return None
    relative = os.path.relpath(path, folder)
    return None if relative.startswith(PREFIX) else relative


def own_files(distribution: Distribution) -> set[str]:
    """Give what is certainly a package's: its metadata, and what RECORD names inside the folder.

    Relative to the folder.
    """
    folder, entry = distribution.folder, os.path.basename(distribution.path)
    if os.path.isdir(distribution.path) and not os.path.islink(distribution.path):
        metadata = {os.path.join(entry, file) for file in files_below(distribution.path)}
    else:
        metadata = {entry}
    return metadata | {path for name in distribution.files() if (path := inside(folder, name))}


def files_of(going: Iterable[Distribution], staying: Iterable[Distribution]) -> list[str]:
    """Give the files that go with packages: all that no package has which stays."""
    kept = {path for one in staying for path in own_files(one)}
    return sorted({path for one in going for path in own_files(one)} - kept)


def drop_scripts(staged: str) -> list[str]:
    """Remove the console scripts that pip put beside the modules; give their names.

    Nobody's PATH leads to them, and their lines in RECORD would point out of the folder.
    """
    names: list[str] = []
    for place in ("bin", "Scripts"):
        scripts = Path(staged, place)
        if scripts.is_dir() and not (scripts / "__init__.py").exists():
            names += sorted(entry.name for entry in scripts.iterdir())
            shutil.rmtree(scripts)
    for one in distributions(staged):
        rows = [row for row in one.record() if not row[0].startswith("..")]
        if not rows:
            continue
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        Path(one.path, "RECORD").write_text(text.getvalue(), encoding="utf-8")
    return names


def rivals(source: str, target: str) -> list[str]:
    """What would be replaced by a staged file or folder, or be the same module beside it."""
    if not os.path.isdir(source) or os.path.islink(source):
        stem, suffix = os.path.splitext(target)
        return [target, os.path.join(stem, "__init__.py")] if suffix == ".py" else [target]
    # Through a link it would come into another folder.
    through = [target] if os.path.islink(target) or os.path.isfile(target) else []
    if os.path.exists(os.path.join(source, "__init__.py")):
        return [*through, f"{target}.py"]
    return through


def strangers(folder: str, staged: str) -> list[str]:
    """What is in the way and belongs to no package: somebody's own modules."""
    owned = {path for one in distributions(folder) for path in own_files(one)}
    found: set[str] = set()
    for place, folders, files in os.walk(staged):
        for name in folders + files:
            source = os.path.join(place, name)
            target = os.path.join(folder, os.path.relpath(source, staged))
            for rival in rivals(source, target):
                path = os.path.relpath(rival, folder)
                if not os.path.lexists(rival) or path in owned or "__pycache__" in Path(path).parts:
                    continue
                if rival != target or not is_same(source, rival):
                    found.add(path)
    return sorted(found)


def is_same(source: str, target: str) -> bool:
    return os.path.isfile(target) and filecmp.cmp(source, target, shallow=False)
