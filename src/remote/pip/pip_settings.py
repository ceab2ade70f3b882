"""Reads how pip is set up on Blender's machine, and takes from it what a command decides itself.

pip takes settings from variables (``PIP_TARGET``) and from files; which ones, and in which order,
its documentation says (https://pip.pypa.io/en/stable/topics/configuration/). They are read here,
because to ask pip takes a process of its own.
"""

import configparser
import os
import sys
from collections.abc import Collection, Iterable, Mapping
from typing import TypedDict

PREFIX = "PIP_"
# Read by pip itself, or no settings.
NO_SETTINGS = {"config-file", "help", "version"}
FILE_VARIABLE = "PIP_CONFIG_FILE"
OFF = {"", "0", "n", "no", "f", "false", "off"}


class Setting(TypedDict):
    """A setting: ``name`` as a flag without its dashes, ``origin`` says where it stands."""

    name: str
    value: str
    origin: str
    # The variable or the file.
    place: str


class PipConfigError(Exception):
    """A configuration file that pip can't read either."""


def normalized(name: str) -> str:
    """Give a setting's name as pip compares them."""
    return name.lower().replace("_", "-").removeprefix("--")


def global_folders(environ: Mapping[str, str]) -> list[str]:
    """Give the folders with settings for all users of the machine."""
    if sys.platform == "darwin":
        return ["/Library/Application Support/pip"]
    if sys.platform == "win32":
        return [os.path.join(environ.get("PROGRAMDATA", r"C:\ProgramData"), "pip")]
    listed = environ.get("XDG_CONFIG_DIRS", "").strip() or "/etc/xdg"
    folders = [os.path.join(folder, "pip") for folder in listed.split(os.pathsep) if folder]
    return [*map(os.path.expanduser, folders), "/etc"]


def user_folders(environ: Mapping[str, str]) -> list[str]:
    """Give the folders with the user's settings, the oldest place first."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        roaming = environ.get("APPDATA", os.path.join(home, "AppData", "Roaming"))
        return [os.path.join(home, "pip"), os.path.join(roaming, "pip")]
    ours = environ.get("XDG_CONFIG_HOME", "").strip() or os.path.join(home, ".config")
    if sys.platform == "darwin":
        ours = os.path.join(home, ".config")
        library = os.path.join(home, "Library", "Application Support", "pip")
        if os.path.isdir(library):
            return [os.path.join(home, ".pip"), library]
    return [os.path.join(home, ".pip"), os.path.join(ours, "pip")]


def config_files(environ: Mapping[str, str]) -> list[str]:
    """Give the files that pip looks for; what stands in a later one wins."""
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    own = environ.get(FILE_VARIABLE)
    if own == os.devnull:
        return []
    folders = global_folders(environ)
    if not (own and os.path.exists(own)):
        folders += user_folders(environ)
    files = [os.path.join(folder, name) for folder in [*folders, sys.prefix]]
    return [*files, own] if own else files


def file_settings(file: str, sections: Iterable[str]) -> dict[str, dict[str, Setting]]:
    """Give the settings of a file, by section and name; none of one that can't be opened.

    Raises:
        PipConfigError: it isn't such a file.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read(file, encoding="utf-8")
    except (UnicodeDecodeError, configparser.Error) as error:
        # What configparser says of a line may have several.
        raise PipConfigError(f"{file}: {' '.join(str(error).split())}") from None
    found: dict[str, dict[str, Setting]] = {}
    for section in filter(parser.has_section, sections):
        for key, value in parser.items(section):
            name, origin = normalized(key), f"[{section}] {key} in {file}"
            setting: Setting = {"name": name, "value": value, "origin": origin, "place": file}
            found.setdefault(section, {})[name] = setting
    return found


def variable_settings(environ: Mapping[str, str]) -> list[Setting]:
    """Give the settings that variables make."""
    found: list[Setting] = []
    for variable, value in environ.items():
        name = normalized(variable[len(PREFIX) :])
        if variable.startswith(PREFIX) and name not in NO_SETTINGS and value:
            found.append({"name": name, "value": value, "origin": variable, "place": variable})
    return found


def pip_settings(command: str, environ: Mapping[str, str]) -> list[Setting]:
    """Give what a command of pip's takes from files and variables; what comes later wins.

    Raises:
        PipConfigError: a file isn't one that pip can read.
    """
    sections = ("global", command)
    merged: dict[str, dict[str, Setting]] = {section: {} for section in sections}
    for file in config_files(environ):
        for section, settings in file_settings(file, sections).items():
            merged[section].update(settings)
    # An empty value hides the same section's in other files, and no more.
    stated = [one for section in sections for one in merged[section].values() if one["value"]]
    return [*stated, *variable_settings(environ)]


def effective(settings: Iterable[Setting]) -> dict[str, str]:
    """Give the value of each setting that pip goes by."""
    return {one["name"]: one["value"] for one in settings}


def is_off(value: str) -> bool:
    """Whether a value says no, as pip reads it."""
    return value.strip().lower() in OFF


def undecided(
    command: str, decided: Collection[str], environ: Mapping[str, str]
) -> "tuple[dict[str, str], list[str]]":
    """Give the environment without the settings that are decided, and where these stood.

    Where they stand in files, pip gets what else stands in the files by variables.

    Raises:
        PipConfigError: as ``pip_settings``.
    """
    settings = pip_settings(command, environ)
    out = [one for one in settings if one["name"] in decided]
    places = {one["place"] for one in out}
    kept = {name: value for name, value in environ.items() if name not in places}
    if any(one["place"] != one["origin"] for one in out):
        kept = {name: value for name, value in kept.items() if not name.startswith(PREFIX)}
        for name, value in effective(settings).items():
            if name not in decided:
                kept[PREFIX + name.upper().replace("-", "_")] = value
        kept[FILE_VARIABLE] = os.devnull
    # What says no changes nothing.
    return kept, [one["origin"] for one in out if not is_off(one["value"])]
