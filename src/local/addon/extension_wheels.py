"""Whether the wheels that extensions bring hide other packages, or are hidden by them.

Blender keeps one folder for the wheels of all enabled extensions, ``.local`` beside them, and in it
of two versions of a package only the newest. From its next start on, that folder stands before
site-packages on ``sys.path``, and so before the user modules, which Blender adds at the end. In the
run in which it is made it stands last: what can be imported then says nothing about later.
"""

import os
import platform
import re
import site
import sys
from collections.abc import Sequence
from typing import NamedTuple

from addon_facts import facts_of
from addon_places import Folders
from addon_records import Addon, in_preferences, installed
from package_metadata import Distribution, metadata_entries, name_of
from package_names import normalized
from package_origins import Origins
from python_folders import each_once, real

# How the platform tags of wheels begin and end, by what Python says of the machine.
SYSTEMS = {"Linux": "linux", "Darwin": "macosx", "Windows": "win"}
MACHINES = {"amd64": "x86_64", "aarch64": "arm64"}


class Wheel(NamedTuple):
    """A package that an extension brings: its name in the form of PEP 503."""

    name: str
    version: str


class Copy(NamedTuple):
    """A package that Blender's Python finds, or would find, and where that stands on its path."""

    distribution: Distribution
    position: int


def fitting(paths: Sequence[str]) -> dict[str, str]:
    """Names and versions of the wheels that this Blender would take, of each name the newest."""
    found: dict[str, str] = {}
    for path in paths:
        wheel = fitting_wheel(path)
        if wheel is None:
            continue
        other = found.get(wheel.name)
        if other is None or in_order(wheel.version) > in_order(other):
            found[wheel.name] = wheel.version
    return found


def fitting_wheel(path: str) -> Wheel | None:
    """A wheel by its file's name, as PEP 427 has it; None for one that isn't for this machine."""
    parts = path.rpartition("/")[2].rpartition(".")[0].split("-")
    if len(parts) not in (5, 6):
        return None
    pythons, abis, platforms = (part.lower().split(".") for part in parts[-3:])
    if not any(is_own_python(python, "abi3" in abis) for python in pythons):
        return None
    if not any(is_own_platform(one) for one in platforms):
        return None
    return Wheel(normalized(parts[0]), parts[1].replace("_", "+", 1))


def without_fit(paths: Sequence[str]) -> list[str]:
    """A warning for each package of which an extension brings no wheel that fits here."""
    files: dict[str, list[str]] = {}
    for path in paths:
        file = path.rpartition("/")[2]
        files.setdefault(normalized(file.partition("-")[0]), []).append(file)
    here = f"Python {sys.version_info.major}.{sys.version_info.minor}, {platform.system()} "
    return [
        f"none of its wheels of {name} is for this Blender ({here}{platform.machine()}), which "
        f"leaves them out: {', '.join(wheels)}"
        for name, wheels in files.items()
        if not any(fitting_wheel(wheel) for wheel in wheels)
    ]


def is_own_python(tag: str, is_stable: bool) -> bool:
    match = re.fullmatch(r"(py|cp)(\d)(\d*)", tag)
    if match is None:
        return False
    wanted = (int(match[2]), int(match[3] or 0))
    own = (sys.version_info.major, sys.version_info.minor)
    if match[1] == "py" or is_stable:
        return wanted[0] == own[0] and wanted <= own
    return wanted == own


def is_own_platform(tag: str) -> bool:
    if tag == "any":
        return True
    system = SYSTEMS.get(platform.system(), platform.system().lower())
    machine = platform.machine().lower()
    endings = (machine, MACHINES.get(machine, machine), "universal2")
    # manylinux and musllinux are Linux as well.
    return re.match(rf"(many|musl)?{system}", tag) is not None and (
        tag.endswith(endings) or (tag == "win_amd64" and machine == "x86_64")
    )


def in_order(version: str) -> tuple[tuple[int, ...], str]:
    """A version as Blender orders them: the first three numbers, then the rest as text."""
    match = re.match(r"\d+(?:\.\d+){0,2}", version)
    head = match[0] if match else ""
    numbers = [int(number) for number in head.split(".") if number]
    return (*numbers, 0, 0, 0)[:3], version[len(head) :]


def is_same_version(one: str, other: str) -> bool:
    """Tell whether two versions are one, by what PEP 440 says of zeros at the end of a release."""
    return one == other or shortest(one) == shortest(other)


def shortest(version: str) -> str:
    return re.sub(r"^(\d+(?:\.\d+)*?)(?:\.0+)+(?![\d.]*\d)", r"\1", version.lower())


class WheelView:
    """What Blender's Python had on its path before anything was changed."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.path = each_once(entry for entry in sys.path if os.path.isdir(entry))

    def warnings(self, addon: Addon, wheels: Sequence[str], *, enabled: bool) -> list[str]:
        """What the wheels of an extension would do to other packages, a sentence each.

        The wheels are those of its manifest. ``enabled``: whether it will be now, or may be later.
        """
        if addon.kind != "extension" or self.folders.extensions is None:
            return []
        warnings = [
            warning
            for name, version in fitting(wheels).items()
            for warning in self._about(addon, Wheel(name, version))
        ]
        later = "" if enabled else "once it is enabled: "
        return [*without_fit(wheels), *(f"{later}{warning}" for warning in warnings)]

    def _about(self, addon: Addon, wheel: Wheel) -> list[str]:
        what = f"{wheel.name} {wheel.version} of this extension"
        one_copy = "Blender has one copy for all extensions"
        taken: list[str] = []
        for other, version in self._brought_by_others(addon, wheel.name):
            if is_same_version(version, wheel.version):
                continue
            if in_order(version) > in_order(wheel.version):
                return [f"{what} isn't used: {other} brings {version}, and {one_copy}"]
            taken.append(f"{what} takes the place of {version}, which {other} brings: {one_copy}")
        copy = self._found(wheel.name)
        if copy is None or is_same_version(copy.distribution.version, wheel.version):
            return taken
        if copy.position < self._position():
            place = copy.distribution.folder
            return [*taken, f"{what} is hidden by {copy.distribution.version} in {place}"]
        return [*taken, f"{what} {hides(copy.distribution)}"]

    def _brought_by_others(self, addon: Addon, name: str) -> list[tuple[str, str]]:
        """The enabled extensions that bring a package of this name, with its version."""
        return [
            (other.name, brought[name])
            for other in installed(self.folders)
            if other.kind == "extension" and other.name != addon.name and in_preferences(other.name)
            if name in (brought := fitting(facts_of(other).wheels))
        ]

    def _found(self, name: str) -> Copy | None:
        """The copy of a package that Python finds without any extension's wheels."""
        own = real(self._folder())
        for position, folder in enumerate(self.path):
            if real(folder) == own:
                continue
            for entry in metadata_entries(folder):
                if name_of(entry) != name:
                    continue
                distribution = Distribution(folder, entry)
                if distribution.name == name and distribution.version:
                    return Copy(distribution, position)
        return None

    def _folder(self) -> str:
        python = f"python{sys.version_info.major}.{sys.version_info.minor}"
        home = self.folders.extensions or ""
        return os.path.join(home, ".local", "lib", python, "site-packages")

    def _position(self) -> int:
        """Where the extensions' wheels come on the path when Blender starts again."""
        places = {real(self._folder())}
        if not any(real(folder) in places for folder in self.path):
            places = {real(folder) for folder in site.getsitepackages()}
        positions = [at for at, folder in enumerate(self.path) if real(folder) in places]
        return min(positions, default=len(self.path))


def hides(distribution: Distribution) -> str:
    """What comes of it that a wheel comes before a package: half a sentence."""
    version = distribution.version
    source = Origins().of(distribution, distribution.modified())
    if source == "bundled":
        return f"comes before {version}, which Blender itself uses: Blender's own modules may break"
    if source == "system":
        return f"comes before {version}, which the system brought: what depends on it may break"
    return f"hides {distribution.name} {version} in {distribution.folder}"
