"""The SHA-256 of a wheelhouse's wheels, remembered where only Blender's user writes.

Not beside the wheels: who can write there could make a push skip a wheel that is another one. A
hash is good for one file as it was (`identity_of`), in the folder of that real path.
"""

import contextlib
import hashlib
import json
import os
import stat
import time
from pathlib import Path
from typing import cast

from own_folders import cache_folder, private_folder, read_private, write_private
from ownership import OTHERS_MAY_WRITE
from upload_folder import identity_of

# Two changes within this time may give a file the same times.
YOUNGEST_SECONDS = 2
# Some 100,000 wheels.
MOST_BYTES = 32_000_000


def memory_of(folder: Path) -> Path:
    """The file in which the hashes of a wheelhouse are remembered."""
    try:
        real = os.path.realpath(folder)
    except OSError:  # Of a long path Windows may not say where its links lead.
        real = os.path.abspath(folder)
    name = hashlib.sha256(os.fsencode(real)).hexdigest()[:32]
    return cache_folder() / "hashes" / f"{name}.json"


def is_settled(info: os.stat_result) -> bool:
    """Whether a file's times will tell of a change: none was just now or can be made."""
    changed = info.st_mtime if os.name == "nt" else max(info.st_mtime, info.st_ctime)
    if time.time() - changed < YOUNGEST_SECONDS:
        return False
    if os.name == "nt":
        return True
    # Who has a file mapped into memory writes to it without a trace.
    return info.st_uid in (0, os.geteuid()) and not info.st_mode & OTHERS_MAY_WRITE


class KeptHashes:
    """What is remembered of one wheelhouse."""

    def __init__(self, folder: Path) -> None:
        """Read it; what can't be read is as good as none."""
        self._folder = folder
        self._path = memory_of(folder)
        self._known: dict[str, object] = {}
        self._changed = False
        with contextlib.suppress(OSError, ValueError, RecursionError):
            if not private_folder(self._path.parent):
                return
            kept: object = json.loads(read_private(self._path, MOST_BYTES))
            if isinstance(kept, dict):
                self._known = cast("dict[str, object]", kept)

    def get(self, name: str, info: os.stat_result) -> str | None:
        """The hash of a file that hasn't changed since it was put."""
        found = self._known.get(name)
        if not isinstance(found, list):
            return None
        entry = cast("list[object]", found)
        if len(entry) != 2 or entry[0] != identity_of(info):
            return None
        sha256 = entry[1]
        return sha256 if isinstance(sha256, str) else None

    def put(self, name: str, identity: str, sha256: str) -> None:
        """Remember a hash."""
        self._known[name] = [identity, sha256]
        self._changed = True

    def of(self, name: str, info: os.stat_result) -> str:
        """The hash of a file, remembered or computed; OSError."""
        known = self.get(name, info)
        if known is not None:
            return known
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(self._folder / name, flags), "rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise OSError(f"{self._folder / name} is no plain file")
            digest = hashlib.sha256()
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
            after = os.fstat(file.fileno())
        sha256 = digest.hexdigest()
        if identity_of(before) == identity_of(after) and is_settled(after):
            self.put(name, identity_of(after), sha256)
        return sha256

    def save(self) -> None:
        """Write what is new. Where that fails, hashes are computed again next time."""
        if not self._changed:
            return
        with contextlib.suppress(OSError):
            if not private_folder(self._path.parent):
                return
            existing = self._known.keys() & set(os.listdir(self._folder))
            text = json.dumps({name: self._known[name] for name in sorted(existing)})
            write_private(self._path, text.encode())
