"""Which files in the user modules folder belong to which package, and which to none."""

import filecmp
import os
from collections.abc import Iterable
from pathlib import Path

from package_metadata import Distribution, distributions, record_text
from python_folders import is_inside, real
from shared_files import as_it_stands, is_as_recorded
from unfinished_changes import PREFIX

# From where RECORD counts what ``pip install --target`` doesn't put among the modules.
ABOVE = os.path.join("..", "..", "")
HOME = os.path.join("lib", "python")
# Where pip puts what is to be run.
SCRIPTS = ("bin", "Scripts")


def files_below(folder: str) -> list[str]:
    """Give all files below a folder, and links as such; relative to it, in order."""
    found: list[str] = []
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        found += [os.path.relpath(os.path.join(place, name), folder) for name in links + files]
    return sorted(found)


def place_of(name: str) -> str:
    """Give where a file that RECORD names is, relative to the modules.

    ``pip install --target`` installs into ``lib/python`` of another folder and then puts all of it
    into the target; RECORD stays as it was, so that ``../../share/x`` is at ``share/x``.
    """
    path = os.path.normpath(name)
    return path[len(ABOVE) :] if path.startswith(ABOVE) else path


def place_among(folder: str, name: str) -> str:
    """As ``place_of``, and by ``as_it_stands``."""
    return as_it_stands(folder, place_of(name))


class Inside:
    """Finds what RECORD names inside a folder, as long as no link there changes."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._real = [real(folder)]
        self._parents: dict[str, bool] = {}

    def path(self, name: str) -> str | None:
        """Give the path of a file, relative to the folder; None if it isn't there.

        A name may lead out, by itself or through a link; a whole folder is never one file.
        """
        path = os.path.abspath(os.path.join(self.folder, name))
        if not path.startswith(self.folder + os.sep) or not self._holds(os.path.dirname(path)):
            return None
        if not os.path.lexists(path) or (os.path.isdir(path) and not os.path.islink(path)):
            return None
        relative = os.path.relpath(path, self.folder)
        return None if relative.startswith(PREFIX) else relative

    def _holds(self, parent: str) -> bool:
        if parent not in self._parents:
            self._parents[parent] = is_inside(real(parent), self._real)
        return self._parents[parent]


def own_files(distribution: Distribution, inside: Inside) -> set[str]:
    """Give what is certainly a package's: its metadata, and what RECORD names inside the folder.

    What RECORD names outside of it is meant here only if it is here and has the recorded hash.
    Relative to the folder.
    """
    entry = os.path.basename(distribution.path)
    if os.path.isdir(distribution.path) and not os.path.islink(distribution.path):
        found = {os.path.join(entry, file) for file in files_below(distribution.path)}
    else:
        found = {entry}
    for row in distribution.record():
        name = os.path.normpath(row[0])
        path = inside.path(place_among(inside.folder, name))
        if path is None:
            continue
        if name.startswith(ABOVE) and not is_as_recorded(os.path.join(inside.folder, path), row):
            continue
        found.add(path)
    return found


def files_of(
    folder: str, going: Iterable[Distribution], staying: Iterable[Distribution]
) -> list[str]:
    """Give the files that go with packages: all that no package has which stays."""
    inside = Inside(folder)
    kept = {path for one in staying for path in own_files(one, inside)}
    return sorted({path for one in going for path in own_files(one, inside)} - kept)


def settle_records(staged: str) -> tuple[list[str], list[str]]:
    """Let the RECORD of each staged package name its files where they are.

    Console scripts go, since nobody's PATH leads to them: gives their names, and what of the
    packages isn't there because pip has left it out (what they have below ``lib``).
    """
    scripts: set[str] = set()
    lost: set[str] = set()
    among = distributions(staged)
    modules = {os.path.normpath(row[0]) for one in among for row in one.record()}
    for one in among:
        rows: list[list[str]] = []
        for row in one.record():
            name = os.path.normpath(row[0])
            path = place_of(name)
            if not name.startswith(".."):
                rows.append(row)
            elif path.split(os.sep)[0] in SCRIPTS:
                scripts.add(os.path.basename(path))
                if path not in modules:
                    Path(staged, path).unlink(missing_ok=True)
            elif not path.startswith("..") and os.path.lexists(os.path.join(staged, path)):
                rows.append([path.replace(os.sep, "/"), *row[1:]])
            else:
                lost.add(os.path.normpath(os.path.join(HOME, name)).replace(os.sep, "/"))
        if rows != one.record():
            Path(one.path, "RECORD").write_text(record_text(rows), encoding="utf-8")
    for place in SCRIPTS:
        for inner, _, _ in os.walk(os.path.join(staged, place), topdown=False):
            if not os.listdir(inner):
                os.rmdir(inner)
    return sorted(scripts), sorted(lost)


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
    inside = Inside(folder)
    owned = {path for one in distributions(folder) for path in own_files(one, inside)}
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
