"""pip, which looks once more at what it has chosen before it changes anything.

Only pip knows what it will install, and it goes on at once. So this runs pip in this process, and
stands between its choice and its work: ``checked_pip.py ORDER REPORT install …``. What would be
hidden by another copy, or would hide one, is refused; files that another package has are named.
Where it changes no site-packages, there is nothing to look at.
"""

import configparser
import csv
import importlib
import json
import os
import sys
import sysconfig
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

# What is brought along lies beside this file, which -I keeps off the path.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from package_metadata import distributions
from package_names import normalized
from shared_files import NAMED, Overlap, Rows, label, rows_differ, rows_of

del sys.path[0]


# In the place of a hash.
SCRIPT = "script"


class CheckOrder(TypedDict):
    """What pip has to mind."""

    # Names that stop an install: always, or where another version than this would come; None for a
    # run that looks at nothing.
    refuse: dict[str, str | None] | None
    # Folders that Blender has behind site-packages on its path.
    behind: list[str]
    # The wheel of the pip that runs; None for the one that is installed.
    wheel: str | None


class Planned(TypedDict):
    """Something that pip has chosen."""

    name: str
    version: str
    file: str


class CheckReport(TypedDict):
    """What pip has chosen, what of it is refused, and why nothing was looked at, if so."""

    planned: list[Planned]
    refused: list[str]
    overlaps: list[Overlap]
    unchecked: str | None


def chosen(requirements: Sequence[Any]) -> list[Planned]:
    """Give what pip's requirements are about to install."""
    found: list[Planned] = []
    for one in requirements:
        path = str(getattr(one, "local_file_path", None) or "")
        file = os.path.basename(path)
        parts = file.split("-")
        is_wheel = file.endswith(".whl") and len(parts) > 4
        version = parts[1].replace("_", "-") if is_wheel else ""
        found.append({"name": normalized(str(one.name)), "version": version, "file": path})
    return found


def place_in_site(name: str) -> str | None:
    """Give where a file of a wheel comes, relative to site-packages (PEP 427); None elsewhere.

    Metadata and headers are left out, which nobody shares.
    """
    first, _, below = name.partition("/")
    if first.endswith(".dist-info"):
        return None
    if not first.endswith(".data"):
        return os.path.normpath(name)
    scheme, _, file = below.partition("/")
    if scheme in ("purelib", "platlib"):
        return os.path.normpath(file)
    return beside_site(scheme, file) if scheme in ("data", "scripts") else None


def beside_site(scheme: str, file: str) -> str:
    """Give where a file of such a scheme comes, relative to site-packages."""
    site = os.path.realpath(sysconfig.get_path("purelib"))
    return os.path.relpath(os.path.join(os.path.realpath(sysconfig.get_path(scheme)), file), site)


def made_scripts(entry_points: str) -> Rows:
    """Give the scripts that pip makes by ``entry_points.txt``, as ``wheel_files``."""
    parser = configparser.ConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(entry_points)
    except configparser.Error:
        return {}
    ending = ".exe" if os.name == "nt" else ""
    names = [
        f"{name}{ending}"
        for section in ("console_scripts", "gui_scripts")
        if parser.has_section(section)
        for name in parser.options(section)
    ]
    return {beside_site("scripts", name): [name, SCRIPT] for name in names}


def wheel_files(path: str) -> Rows:
    """Give what a wheel installs, without its metadata: rows of RECORD by where each file comes.

    Nothing of what is no wheel that can be read: pip itself says what is wrong with it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            read = reader(archive, names)
            text, entry_points = read("RECORD"), read("entry_points.txt")
        rows = {row[0]: row for row in csv.reader(text.splitlines()) if row}
    # Also what a damaged or encrypted archive, or an endless field, has zipfile and csv raise.
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, EOFError, csv.Error):
        return {}
    files = {name: place_in_site(name) for name in names if not name.endswith("/")}
    # pip changes scripts: their contents say nothing.
    found = {
        place: [name, SCRIPT] if ".data/scripts/" in name else rows.get(name, [name])
        for name, place in files.items()
        if place is not None
    }
    return {**found, **made_scripts(entry_points)}


def reader(archive: zipfile.ZipFile, names: list[str]) -> Callable[[str], str]:
    """Give what reads a file of a wheel's metadata; an empty text where it isn't there."""

    def read(file: str) -> str:
        name = next((one for one in names if one.endswith(f".dist-info/{file}")), None)
        return "" if name is None else archive.read(name).decode("utf-8", "replace")

    return read


def top_of(path: str) -> str:
    return path.split(os.sep, 1)[0]


def installed_files(folder: str, without: set[str], tops: set[str]) -> dict[str, Rows]:
    """Give the rows of the files that RECORD lists, of those in these folders, by package."""
    found: dict[str, Rows] = {}
    for distribution in distributions(folder):
        if distribution.name in without:
            continue
        rows = {path: row for path, row in rows_of(distribution).items() if top_of(path) in tops}
        if rows:
            found[label(distribution)] = rows
    return found


def both_own(row: list[str], other: list[str]) -> bool:
    """Tell whether two packages bring something else under one name, as far as is known."""
    return SCRIPT in (*row[1:2], *other[1:2]) or rows_differ(row, other) is True


def overlaps(folder: str, planned: Sequence[Planned]) -> list[Overlap]:
    """Name files that what comes has in common with another package, in other contents."""
    coming = {
        f"{one['name']} {one['version']}": wheel_files(one["file"])
        for one in planned
        if one["version"]
    }
    tops = {top_of(path) for files in coming.values() for path in files}
    there = {top for top in tops if os.path.lexists(os.path.join(folder, top))}
    names = {one["name"] for one in planned}
    owned = installed_files(folder, names, there) if there else {}
    found: list[Overlap] = []
    for package, files in coming.items():
        for other, others in owned.items():
            common = sorted(
                file
                for file in files.keys() & others.keys()
                if not file.endswith(".pyc") and both_own(files[file], others[file])
            )
            if common:
                pair = (package, other)
                found.append({"packages": pair, "files": common[:NAMED], "count": len(common)})
        owned[package] = files
    return found


def is_same(version: str, other: str) -> bool:
    """Tell whether two texts are one version (PEP 440)."""
    versions: Any = importlib.import_module("pip._vendor.packaging.version")
    try:
        return bool(versions.Version(version) == versions.Version(other))
    except ValueError:
        return version == other


def refusals(planned: Sequence[Planned], refuse: Mapping[str, str | None]) -> list[str]:
    """Name what must not be installed."""
    found: list[str] = []
    for one in planned:
        other = refuse.get(one["name"])
        if one["name"] in refuse and (other is None or not is_same(one["version"], other)):
            found.append(one["name"])
    return found


def write_report(path: str, report: CheckReport) -> None:
    Path(path).write_text(json.dumps(report), encoding="utf-8")


def checked(
    work: Callable[..., object], refuse: Mapping[str, str | None], report: str
) -> Callable[..., object]:
    """Give what pip is to call instead of its own installing."""

    def check(requirements: Sequence[Any], *args: object, **options: object) -> object:
        planned = chosen(requirements)
        refused = refusals(planned, refuse)
        both = [] if refused else overlaps(sysconfig.get_path("purelib"), planned)
        write_report(
            report, {"planned": planned, "refused": refused, "overlaps": both, "unchecked": None}
        )
        if refused:
            # pip takes anything else for a defect of its own.
            exceptions: Any = importlib.import_module("pip._internal.exceptions")
            raise exceptions.CommandError(f"another copy is in the way of {', '.join(refused)}")
        return work(requirements, *args, **options)

    return check


def stand_between(
    pip: Any,  # noqa: ANN401
    install: Any,  # noqa: ANN401
    refuse: Mapping[str, str | None],
    report: str,
) -> None:
    """Let pip be looked at; of one that installs in another way, report that it isn't."""
    work: Any = getattr(install, "install_given_reqs", None)
    if work is not None:
        install.install_given_reqs = checked(work, refuse, report)
        return
    reason = f"pip {pip.__version__} installs in a way that isn't known here"
    write_report(report, {"planned": [], "refused": [], "overlaps": [], "unchecked": reason})


def main(arguments: list[str]) -> int:
    """Run pip with all arguments but the first two; give its exit status."""
    order_path, report_path, *words = arguments
    order: CheckOrder = json.loads(Path(order_path).read_text(encoding="utf-8"))
    wheels = [] if order["wheel"] is None else [order["wheel"]]
    sys.path[:0] = wheels
    try:
        pip: Any = importlib.import_module("pip")
        # Its parts are found without that; there it would count as installed.
        del sys.path[: len(wheels)]
        install: Any = importlib.import_module("pip._internal.commands.install")
        run: Any = importlib.import_module("pip._internal.cli.main").main
    except ImportError as error:
        # What is damaged in a pip is told by the traceback.
        if error.name != "pip":
            raise
        # In the words of `python -m pip`.
        sys.stderr.write(f"{sys.executable}: {error}\n")
        return 1
    # Not by PYTHONPATH, which comes before Python's own modules.
    sys.path += order["behind"]
    # By this pip names itself.
    sys.argv = [os.path.join(os.path.dirname(pip.__file__), "__main__.py"), *words]
    refuse = order["refuse"]
    if refuse is not None:
        stand_between(pip, install, refuse, report_path)
    return int(run(words))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
