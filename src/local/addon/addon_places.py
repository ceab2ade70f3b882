"""Where this Blender keeps its add-ons, extensions and preferences."""

import os
import sys
from dataclasses import dataclass
from typing import Literal, Protocol, TypedDict

import addon_utils
import bpy
from preferences import preferences_path
from python_folders import is_inside, real, same_path

Source = Literal["user", "system", "bundled", "unknown"]


class Places(TypedDict):
    """The folders of the preferences and of the user's own, as the command line compares them."""

    config: str
    addons: str
    # None where Blender has no repository for extensions that come as files.
    repository: str | None
    version: str


class Elsewhere(TypedDict):
    """The answer when nothing was done because the folders aren't those that were expected."""

    elsewhere: Places


class Repository(Protocol):
    """An extension repository in Blender's preferences (`bpy.types.UserExtensionRepo`)."""

    module: str
    source: str
    enabled: bool
    directory: str
    use_custom_directory: bool
    custom_directory: str


@dataclass
class Folders:
    """The user's folders, which a Blender that was started without add-ons doesn't name itself."""

    addons: str
    extensions: str | None
    # The empty extensions folder that this Blender was started with instead.
    stand_in: str | None = None

    def repository(self, directory: str) -> str:
        """The real place of an extension repository."""
        if self.stand_in is None or self.extensions is None:
            return directory
        # Elsewhere it may be on another drive of Windows, to which no relative path leads.
        if not is_within(directory, self.stand_in):
            return directory
        return os.path.join(self.extensions, os.path.relpath(directory, self.stand_in))


def own_folders() -> Folders:
    """The user's folders as this Blender has them."""
    addons = bpy.utils.user_resource("SCRIPTS", path="addons")
    extensions = bpy.utils.user_resource("EXTENSIONS") if has_extensions() else None
    return Folders(addons, extensions)


def has_extensions() -> bool:
    """Whether this Blender knows extensions (4.2 and newer)."""
    return hasattr(bpy.context.preferences, "extensions")


def repositories(folders: Folders) -> list[tuple[Repository, str]]:
    """The enabled extension repositories with their directories."""
    if not has_extensions():
        return []
    repos = bpy.context.preferences.extensions.repos
    return [(repo, folders.repository(repo.directory)) for repo in repos if repo.enabled]


def addon_paths(folders: Folders) -> list[str]:
    """The folders of legacy add-ons that exist, in the order in which Python searches them."""
    paths = list(dict.fromkeys(addon_utils.paths()))
    if folders.stand_in is not None and os.path.isdir(folders.addons):
        paths.append(folders.addons)
    return paths


def script_directories() -> list[str]:
    """The folders for scripts that the preferences name beside the user's own."""
    several = getattr(bpy.utils, "script_paths_pref", None)
    if several is not None:
        return list(several())
    # Before Blender 3.6 there was at most one.
    one = getattr(bpy.utils, "script_path_pref", lambda: None)()
    return [one] if one else []


def is_within(path: str, folder: str) -> bool:
    return is_inside(real(path), [real(folder)])


def source_of(path: str, folders: Folders) -> Source:
    """Whose folder of add-ons it is: ``user``, ``bundled``, ``system`` or ``unknown``."""
    if same_path(path, folders.addons):
        return "user"
    modules = os.path.dirname(addon_utils.__file__)
    if is_within(path, os.path.dirname(modules)):
        return "bundled"
    system = bpy.utils.system_resource("SCRIPTS")
    return "system" if system and is_within(path, system) else "unknown"


def own_version() -> str:
    """This Blender's version: ``4.3.2``."""
    return ".".join(map(str, bpy.app.version))


def own_places() -> Places:
    own = own_folders()
    return {
        "config": os.path.dirname(preferences_path()),
        "addons": own.addons,
        "repository": user_repository(own),
        "version": own_version(),
    }


def same_repository(own: str | None, expected: str | None) -> bool:
    return own is None or (expected is not None and same_path(own, expected))


def elsewhere(expected: Places) -> Places | None:
    """Where this Blender keeps the user's files, if the command line expects them elsewhere."""
    own = own_places()
    same = (
        same_path(own["config"], expected["config"])
        and same_path(own["addons"], expected["addons"])
        and same_repository(own["repository"], expected["repository"])
    )
    return None if same and own["version"] == expected["version"] else own


def user_repository(folders: Folders) -> str | None:
    """Where Blender installs the extensions that come as files."""
    for repo, directory in repositories(folders):
        if repo.module == "user_default":
            return directory
    return None


def make_importable(folder: str) -> None:
    """Have Python look into an add-ons folder that may not have existed when Blender started."""
    bpy.utils.refresh_script_paths()
    for path in addon_utils.paths():
        if same_path(path, folder) and path not in sys.path:
            sys.path.append(path)
