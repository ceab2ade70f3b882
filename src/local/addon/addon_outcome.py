"""What became of one add-on, and why it failed if it did."""

from typing import Literal, TypedDict

from addon_places import Source
from addon_records import Addon, Kind, is_enabled, is_loaded
from preferences import RefusedError


class Refusal(TypedDict):
    """Why something wasn't done; all is as it was before."""

    code: str
    message: str
    # What Python said of an error in an add-on; empty where none had one.
    traceback: str
    # What it is about, such as a package's name; may be empty.
    about: str


class Hinted(TypedDict):
    """A warning with the command of ours that helps, which the command line completes."""

    text: str
    command: Literal["addon uninstall", "addon disable"]
    # The add-on that the command is for.
    name: str
    # Whether --name with that name would have the new one take its place.
    replaceable: bool


Told = str | Hinted


class Refused(TypedDict):
    """The answer when nothing was done."""

    refused: Refusal


class Outcome(TypedDict):
    """What became of one add-on, as the command line reads it."""

    # The module name; None where it wasn't found.
    name: str | None
    kind: Kind | None
    path: str | None
    source: Source | None
    enabled: bool
    # Whether this Blender has loaded it: what is enabled may be for windows only.
    loaded: bool
    changed: bool
    warnings: list[Told]
    failure: Refusal | None
    # The version of an installed one, and that which it takes the place of, where they are known.
    version: str | None
    replaced: str | None


def outcome(
    addon: Addon,
    *,
    enabled: bool | None = None,
    changed: bool = False,
    warnings: list[Told] | None = None,
    version: str | None = None,
    replaced: str | None = None,
) -> Outcome:
    """What became of an add-on that could be worked on; `enabled` as it is now if not given."""
    return {
        "name": addon.name,
        "kind": addon.kind,
        "path": addon.path,
        "source": addon.source,
        "enabled": is_enabled(addon) and is_loaded(addon) if enabled is None else enabled,
        "loaded": is_loaded(addon),
        "changed": changed,
        "warnings": warnings or [],
        "failure": None,
        "version": version,
        "replaced": replaced,
    }


def refusal(error: RefusedError) -> Refusal:
    return {
        "code": error.reason,
        "message": error.detail,
        "traceback": error.trace,
        "about": error.about,
    }


def failure(error: RefusedError) -> Outcome:
    """What became of something for which no add-on was found, or none could be made."""
    return {
        "name": None,
        "kind": None,
        "path": None,
        "source": None,
        "enabled": False,
        "loaded": False,
        "changed": False,
        "warnings": [],
        "failure": refusal(error),
        "version": None,
        "replaced": None,
    }


def failed(
    addon: Addon, error: RefusedError, warnings: list[Told], *, enabled: bool | None = None
) -> Outcome:
    """What became of an add-on that couldn't be changed."""
    return {**outcome(addon, enabled=enabled, warnings=warnings), "failure": refusal(error)}
