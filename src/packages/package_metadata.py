"""Metadata of installed packages (PEP 376, PEP 627), also where it is broken.

Read without importlib.metadata, which parses whole descriptions and fails at what is broken.
"""

import contextlib
import csv
import hashlib
import io
import os
import re

from package_names import normalized

SUFFIXES = (".dist-info", ".egg-info")

# What can be imported: Python's own, compiled by Python, and compiled from other languages.
MODULE_FILES = (".py", ".pyc", ".so", ".pyd")

# PEP 508; a version is only told from what can't be one.
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
VERSION = re.compile(r"[!-~]+")

# More of a file isn't read: metadata has kilobytes, a large package's RECORD a few megabytes.
LIMIT = 64 * 1024 * 1024
PIECE = 64 * 1024

# What a path of a RECORD has that may not be as plain as pip writes it.
ODD_PATH = re.compile(r"^[/.]|[:\\]|//|/\.")

# How files of an editable install begin, whose modules lie elsewhere (setuptools).
EDITABLE = "__editable__"

# How an absolute path begins that was written on Windows.
DRIVE = re.compile(r"[A-Za-z]:[/\\]")

# In a requirement, a condition that only an extra meets.
EXTRA = re.compile(r";(?!.*\bor\b).*\bextra\s*[=>]=")


def beginning(path: str) -> bytes:
    """Give ``LIMIT`` bytes of a file at most; of a pipe what is there, without waiting for more."""
    content, no_wait = b"", getattr(os, "O_NONBLOCK", 0)
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | no_wait)) as file:
        # Little at first: Windows goes through all of a buffer before it reads into it.
        while piece := file.read(min(max(len(content), PIECE), LIMIT - len(content))):
            content += piece
    return content


def read(*path: str) -> str:
    """Give a text file, of which ``LIMIT`` at most; an empty text where it is missing."""
    try:
        text = beginning(os.path.join(*path)).decode("utf-8", "replace")
    except OSError:
        return ""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_problem(path: str) -> str | None:
    """Tell why a file is no text that a program could go by; None where it is one."""
    try:
        content = beginning(path)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"can't be read ({error.strerror})"
    if not content.strip():
        return "is empty"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "isn't UTF-8"
    return "is damaged" if b"\0" in content else None


def row_path(folder: str, name: str) -> str:
    """Give the path of a file that a RECORD in a folder lists, as it lies from that folder.

    It may be written with Windows' separators, be absolute, or lead out of the folder and in again.
    It begins with ``..`` or stays absolute where the file lies elsewhere.
    """
    if ODD_PATH.search(name) is None:
        return name.replace("/", os.sep)
    # On POSIX a backslash may also be part of a name.
    if os.sep == "/" and "\\" in name and os.path.lexists(os.path.join(folder, name)):
        return os.path.normpath(name)
    path = name.replace("\\", "/")
    full = os.path.normpath(os.path.join(folder, path))
    for start in (folder, os.path.realpath(folder)):
        begin = os.path.join(os.path.normpath(start), "")
        if os.path.normcase(full).startswith(os.path.normcase(begin)):
            return full[len(begin) :]
    return os.path.normpath(path)


def is_elsewhere(path: str) -> bool:
    """Tell whether what ``row_path`` gave lies outside the folder, on whatever system."""
    return os.path.isabs(path) or path.split(os.sep, 1)[0] == ".." or DRIVE.match(path) is not None


class Distribution:
    """One metadata folder or file: ``NAME-VERSION.dist-info`` or ``.egg-info``."""

    def __init__(self, folder: str, entry: str) -> None:
        self.folder = folder
        self.path = os.path.join(folder, entry)
        self.name = ""
        self.version = ""
        # What it needs in any case, and what only its extras need.
        self.requires, self.optional = list[str](), list[str]()
        self._files: set[str] | None = None
        text = self._text()
        for line in text.lstrip().split("\n\n", 1)[0].split("\n"):
            key, _, value = line.partition(":")
            # As in any e-mail's header.
            key, value = key.lower(), value.strip()
            if key == "name" and NAME.fullmatch(value):
                self.name = normalized(value)
            elif key == "version" and VERSION.fullmatch(value):
                self.version = value
            elif key == "requires-dist":
                (self.optional if EXTRA.search(value) else self.requires).append(value)
        if self.path.endswith(".egg-info"):
            self.requires += self._egg_requires()

    def _text(self) -> str:
        if self.path.endswith(".dist-info"):
            return read(self.path, "METADATA") or read(self.path, "PKG-INFO")
        # An .egg-info may be a single file.
        return read(self.path, "PKG-INFO") or read(self.path, "METADATA") or read(self.path)

    def _egg_requires(self) -> list[str]:
        """What requires.txt says (setuptools): sections are for extras, conditions, or both."""
        found: list[str] = []
        extra, condition = "", ""
        for line in read(self.path, "requires.txt").splitlines():
            section = re.fullmatch(r"\[([^:\]]*):?(.*)\]", line.strip())
            if section is not None:
                extra, condition = section[1], section[2]
            elif line.strip() and not extra:
                found.append(f"{line.strip()}; {condition}" if condition else line.strip())
        return found

    def problem(self) -> str | None:
        """Tell what is broken about it; None where nothing is."""
        is_folder = os.path.isdir(self.path)
        if os.path.islink(self.path) and not os.path.exists(self.path):
            return "it is a link that leads nowhere"
        if self.path.endswith(".dist-info"):
            if not is_folder:
                return "it is a file, not a folder"
            files = [file for file in ("METADATA", "PKG-INFO") if self._has(file)]
            metadata = files[0] if files else "METADATA"
        else:
            metadata = "PKG-INFO" if is_folder else ""
        problem = text_problem(os.path.join(self.path, metadata) if metadata else self.path)
        if problem is not None:
            return f"{metadata} {problem}" if metadata else f"it {problem}"
        for key, value in (("Name", self.name), ("Version", self.version)):
            if not value:
                return f"{metadata or 'it'} has no valid {key}"
        # Not everybody writes one.
        if self._has("RECORD") and (problem := self.record_problem()) is not None:
            return problem
        return None

    def _has(self, file: str) -> bool:
        return os.path.lexists(os.path.join(self.path, file))

    def record_problem(self) -> str | None:
        """Tell why nobody can know its files; None where RECORD lists them."""
        problem = text_problem(os.path.join(self.path, "RECORD"))
        if problem is None and not self.record():
            problem = "is damaged"
        return None if problem is None else f"RECORD {problem}"

    def is_editable(self) -> bool:
        """Whether it is installed where its source lies (PEP 610, PEP 660)."""
        return '"editable": true' in read(self.path, "direct_url.json").replace('":true', '": true')

    def missing_files(self) -> list[str]:
        """Name files in its folder that RECORD lists and that aren't there.

        What Python has compiled doesn't count, nor what lies outside, such as scripts.
        """
        # To list a folder is quicker than to ask for each file in it.
        there: dict[str, set[str]] = {}
        missing: list[str] = []
        for file in self.files():
            if file.endswith((".pyc", ".pyo")) or is_elsewhere(file):
                continue
            below, _, name = file.rpartition(os.sep)
            if below not in there:
                there[below] = set(entries_of(os.path.join(self.folder, below)))
            # A name may be written otherwise on a disk that takes both for the same.
            if name not in there[below] and not os.path.lexists(os.path.join(self.folder, file)):
                missing.append(file)
        return sorted(missing)

    def is_half(self) -> bool:
        """Whether an installer was ended before it was done with it.

        INSTALLER is what pip writes last. Not all installers write one, and packagers of systems
        leave files out, so modules must be missing.
        """
        if self._has("INSTALLER") or not self._has("RECORD"):
            return False
        return any(file.endswith(MODULE_FILES) for file in self.missing_files())

    def is_incomplete(self) -> bool:
        """Whether RECORD is still the one that the wheel brought, or may be.

        A pip writes INSTALLER when all files are there and compiled, then a RECORD that lists it.
        """
        record = read(self.path, "RECORD").replace("\\", "/")
        if not record or read(self.path, "INSTALLER").strip() not in ("", "pip"):
            return False
        return f"{os.path.basename(self.path)}/INSTALLER" not in record

    def is_unrecorded(self) -> bool:
        """Whether an installer was ended before it wrote RECORD, which pip does last."""
        is_pips = read(self.path, "INSTALLER").strip() in ("", "pip")
        return self.path.endswith(".dist-info") and is_pips and not self._has("RECORD")

    def modified(self) -> float:
        """When it was installed: the newest of the files that an installer writes (Unix time).

        Not the folder's own time, which changes with everything that is put into it.
        """
        for files in (("RECORD", "INSTALLER", "METADATA", "PKG-INFO"), ("",)):
            times: list[float] = []
            for file in files:
                with contextlib.suppress(OSError):
                    times.append(os.stat(os.path.join(self.path, file).rstrip(os.sep)).st_mtime)
            if times:
                return max(times)
        return 0.0

    def record(self) -> list[list[str]]:
        """Give the rows of RECORD: path, hash and size; none where it is damaged or missing."""
        text = read(self.path, "RECORD")
        try:
            return [row for row in csv.reader(text.splitlines(keepends=True)) if row and row[0]]
        except csv.Error:
            return []

    def files(self) -> set[str]:
        """Its files as RECORD lists them, by ``row_path``; none for an ``.egg-info``.

        Read once, as its name and version are.
        """
        if self._files is None:
            self._files = {row_path(self.folder, row[0]) for row in self.record()}
        return self._files

    def content(self) -> str | None:
        """Digest of what its modules hold, by the hashes in RECORD; None where it has none.

        Of two installs of one version, this tells whether they differ.
        """
        prefix = os.path.basename(self.path) + "/"
        listed = [
            row[:2] for row in self.record() if len(row) > 1 and not row[0].startswith(prefix)
        ]
        # pip lists what it compiles without a hash.
        hashed = sorted(row for row in listed if not row[0].endswith(".pyc"))
        if not hashed or not all(row[1] for row in hashed):
            return None
        return hashlib.sha256(repr(hashed).encode("utf-8", "backslashreplace")).hexdigest()

    def top_level(self) -> list[str]:
        """Names by which it is imported: those declared, as far as its files bring them.

        Empty where it brings nothing to import.
        """
        # Stubs of types are declared as well: NAME-stubs.
        declared = [
            name for name in read(self.path, "top_level.txt").split() if name.isidentifier()
        ]
        if declared and any(file.startswith(EDITABLE) for file in self.files()):
            return declared
        names = self._listed_modules()
        if not names:
            # An .egg-info lists no files.
            beside = {entry.split(".")[0] for entry in entries_of(self.folder)} if declared else ()
            names.update(one for one in declared if one in beside)
        own = [one for one in declared if one in names]
        unlisted = [] if self.files() else [self.name.replace("-", "_")]
        return own or sorted(names) or declared or unlisted

    def _listed_modules(self) -> set[str]:
        names: set[str] = set()
        for file in self.files():
            first, _, below = file.partition(os.sep)
            if not file.endswith(MODULE_FILES):
                continue
            if below and first.isidentifier() and first != "__pycache__":
                names.add(first)
            elif not below:
                names.add(first.split(".")[0])
        return names


def entries_of(folder: str) -> list[str]:
    """Name all that is in a folder, in the order in which Python would come across it."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def metadata_entries(folder: str) -> list[str]:
    """Name the metadata in a folder, in the order in which Python would come across it.

    What begins with ``~`` is what pip leaves of an uninstall that was interrupted.
    """
    names = entries_of(folder)
    return [name for name in names if name.endswith(SUFFIXES) and not name.startswith("~")]


def name_of(entry: str) -> str:
    """Give the name that a metadata folder's own name says."""
    return normalized(entry.rsplit(".", 1)[0].split("-", 1)[0])


def owner_name(distribution: Distribution) -> str:
    """Whose metadata it is; where it is broken its own name has to tell."""
    return distribution.name or name_of(os.path.basename(distribution.path))


def distributions(folder: str) -> list[Distribution]:
    """Give all that has metadata in a folder, in the order of ``metadata_entries``."""
    return [Distribution(folder, entry) for entry in metadata_entries(folder)]


def parted(folder: str, names: set[str]) -> tuple[list[Distribution], list[Distribution]]:
    """Give what is in a folder under these names, and what else there is."""
    there = distributions(folder)
    return (
        [one for one in there if owner_name(one) in names],
        [one for one in there if owner_name(one) not in names],
    )


def record_text(rows: list[list[str]]) -> str:
    """Give the text of a RECORD (PEP 376)."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
