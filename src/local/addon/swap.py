"""Puts staged add-ons in place of old ones, and back, each step one rename.

An exchange is the hidden folder that `stage` of swap.ts made beside the add-ons, where its
contents are described. A process that is killed between two steps leaves what `recover` of
swap.ts needs to undo it.
"""

import contextlib
import json
import os
import shutil
import stat
import time

PREFIX = ".blender-remote-cli-"
DISCARDED_PREFIX = f"{PREFIX}discarded-"
ON_WINDOWS = os.name == "nt"
PATIENCE_SECONDS = 2
# IO_REPARSE_TAG_MOUNT_POINT of Windows.
JUNCTION = 0xA0000003


def discarded_name(folder: str) -> str:
    return os.path.join(folder, f"{DISCARDED_PREFIX}{os.urandom(6).hex()}")


def move(source: str, target: str) -> None:
    """Rename, also where a virus scanner on Windows still looks at what is new. Raises OSError."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return os.rename(source, target)
        except PermissionError:
            if not ON_WINDOWS or time.monotonic() > until:
                raise
        time.sleep(0.05)


def is_link(path: str) -> bool:
    """Whether it leads elsewhere: a symbolic link, or one of Windows' junctions."""
    try:
        entry = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISLNK(entry.st_mode) or getattr(entry, "st_reparse_tag", 0) == JUNCTION


def clear_away(path: str) -> None:
    """Remove a folder of ours for good; what can't be removed now is hidden, and tried again."""
    if is_link(path):
        with contextlib.suppress(OSError):
            os.unlink(path)
        return
    for folder, names, files in os.walk(path):
        # The target of a link is never touched; before Python 3.12 the walk goes into junctions.
        names[:] = [name for name in names if not is_link(os.path.join(folder, name))]
        # Nothing can be removed from a folder that is read-only, and on Windows no such file.
        for name in [*names, *files] if ON_WINDOWS else names:
            with contextlib.suppress(OSError):
                os.chmod(os.path.join(folder, name), stat.S_IRWXU)
    shutil.rmtree(path, ignore_errors=True)


class Exchange:
    """One staged add-on on its way into its place."""

    def __init__(self, folder: str) -> None:
        """Take the folder's absolute path, as `stage` gave it."""
        with open(os.path.join(folder, "plan.json"), encoding="utf-8") as file:
            plan = json.load(file)
        self.folder = folder
        self._begun_as = folder
        self.home = os.path.dirname(folder)
        self.name: str = plan["name"]
        self.replaces: list[str] = plan["replaces"]
        self._placing = False

    @property
    def destination(self) -> str:
        return os.path.join(self.home, self.name)

    @property
    def _staged(self) -> str:
        return os.path.join(self.folder, "new", self.name)

    def swap_in(self) -> None:
        """Move the old ones away, links as links, and the new one in; if that fails, undo it.

        Raises OSError; the old ones are then in their places, and the exchange may be tried again.
        """
        try:
            for name in self.replaces:
                place = os.path.join(self.home, name)
                if os.path.lexists(place):
                    move(place, os.path.join(self.folder, "old", name))
            self._placing = True
            move(self._staged, self.destination)
        except BaseException:
            self._undo()
            raise

    def settle(self) -> None:
        """Have the new one stay if this process is killed; it can still be rolled back."""
        if self.folder == self._begun_as:
            discarded = discarded_name(self.home)
            move(self.folder, discarded)
            self.folder = discarded

    def commit(self) -> None:
        """End it: the new one stays, the old ones are removed. Raises OSError."""
        self.settle()
        clear_away(self.folder)

    def roll_back(self) -> None:
        """End it: the old ones back in their places, the new one removed. Raises OSError."""
        if self.folder != self._begun_as:
            move(self.folder, self._begun_as)
            self.folder = self._begun_as
        self._undo()
        self.commit()

    def _undo(self) -> None:
        if self._placing and not os.path.lexists(self._staged):
            # Neither exists if the staged one was lost before it was placed.
            with contextlib.suppress(FileNotFoundError):
                move(self.destination, self._staged)
        self._placing = False
        old = os.path.join(self.folder, "old")
        for name in os.listdir(old):
            move(os.path.join(old, name), os.path.join(self.home, name))


class Removal:
    """An add-on's file, folder or link on its way out, which can still come back.

    What a killed process leaves, `recover` of swap.ts brings back.
    """

    def __init__(self, path: str) -> None:
        """Move it out of Blender's sight, beside its place. Raises OSError."""
        self._path = path
        home, name = os.path.split(path)
        self._folder = os.path.join(home, f"{PREFIX}{os.urandom(6).hex()}")
        os.mkdir(self._folder)
        try:
            for inner in ("new", "old"):
                os.mkdir(os.path.join(self._folder, inner))
            plan = {"name": None, "replaces": [name], "identity": None}
            with open(os.path.join(self._folder, "plan.json"), "w", encoding="utf-8") as file:
                json.dump(plan, file)
            move(path, self._aside)
        except BaseException:
            # Nothing was moved, which is what a folder without a plan says.
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self._folder, "plan.json"))
            clear_away(self._folder)
            raise

    @property
    def _aside(self) -> str:
        return os.path.join(self._folder, "old", os.path.basename(self._path))

    def bring_back(self) -> None:
        """Undo it. Raises OSError."""
        move(self._aside, self._path)
        self.commit()

    def commit(self) -> None:
        """End it: what is aside is gone for good. Raises OSError."""
        # First out of sight of `recover`, which wants it whole.
        discarded = discarded_name(os.path.dirname(self._path))
        move(self._folder, discarded)
        clear_away(discarded)
