"""Metadata of installed packages (PEP 376, PEP 627).

Read without importlib.metadata, which parses whole descriptions.
"""

import contextlib
import csv
import hashlib
import os

from package_names import normalized


def read(*path: str) -> str:
    """Give a small text file; an empty text where it is missing."""
    try:
        with open(os.path.join(*path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


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
        times: list[float] = []
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
        names: set[str] = set()
        for file in self.files():
            first, _, below = file.partition(os.sep)
            if below and first.isidentifier():
                names.add(first)
            elif not below and first.endswith((".py", ".so", ".pyd")):
                names.add(first.split(".")[0])
        return sorted(names) or [self.name.replace("-", "_")]


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
