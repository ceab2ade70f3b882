"""What this Blender knows of its add-ons: legacy ones, and extensions (Blender 4.2 and newer)."""

import ast
import contextlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import addon_utils
import bpy
from preferences import preferences_path

EXTENSION_PREFIX = "bl_ext."
MANIFEST = "blender_manifest.toml"
INIT = "__init__.py"

# A bl_info stands near the top; a file that is bigger than this has none (bytes).
READ_LIMIT = 8 * 1024**2
ASSIGNMENT = re.compile(r"bl_info\s*(:|=(?!=))")


@dataclass
class Folders:
    """Where the user's add-ons are; not what Blender says where a start without them was needed."""

    addons: str
    extensions: str | None
    # The extensions folder that this Blender was started with instead.
    stand_in: str | None = None

    def repository(self, directory: str) -> str:
        """The real place of an extension repository."""
        if self.stand_in is None or self.extensions is None:
            return directory
        relative = os.path.relpath(directory, self.stand_in)
        return directory if relative.startswith("..") else os.path.join(self.extensions, relative)


def own_folders() -> Folders:
    """The user's folders as this Blender has them."""
    addons = bpy.utils.user_resource("SCRIPTS", path="addons")
    extensions = bpy.utils.user_resource("EXTENSIONS") if has_extensions() else None
    return Folders(addons, extensions)


@dataclass
class Addon:
    """An add-on that was found, or that the preferences name."""

    name: str
    kind: str
    source: str
    # What it consists of: a folder, or a .py; None where there is nothing (any more).
    path: str | None
    # The module that Python imports.
    file: str | None


def has_extensions() -> bool:
    return hasattr(bpy.context.preferences, "extensions")


def repositories(folders: Folders) -> list[tuple[Any, str]]:
    """The enabled extension repositories with their directories."""
    if not has_extensions():
        return []
    repos = bpy.context.preferences.extensions.repos
    return [(repo, folders.repository(repo.directory)) for repo in repos if repo.enabled]


def addon_paths(folders: Folders) -> list[str]:
    """The folders of legacy add-ons that exist, in the order in which Python looks there."""
    paths = list(dict.fromkeys(addon_utils.paths()))
    if folders.stand_in is not None and os.path.isdir(folders.addons):
        paths.append(folders.addons)
    return paths


def same_place(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def is_within(path: str, folder: str) -> bool:
    real, outer = os.path.realpath(path), os.path.realpath(folder)
    return real == outer or real.startswith(outer.rstrip(os.sep) + os.sep)


def source_of(path: str, folders: Folders) -> str:
    """Whose folder of add-ons it is: ``user``, ``bundled``, ``system`` or ``unknown``."""
    if same_place(path, folders.addons):
        return "user"
    modules = os.path.dirname(addon_utils.__file__)
    if is_within(path, os.path.dirname(modules)):
        return "bundled"
    system = bpy.utils.system_resource("SCRIPTS")
    return "system" if system and is_within(path, system) else "unknown"


def module_names(path: str, package: str = "") -> Iterator[tuple[str, str]]:
    """Names and files of what Python can import there, by Blender's own rules."""
    # Older Blenders know no packages around add-ons.
    names = bpy.path.module_names(path, package=package) if package else bpy.path.module_names(path)
    yield from names


def installed(folders: Folders) -> list[Addon]:
    """All add-ons that are on the disk, in the order in which Python finds them."""
    found = []
    for path in addon_paths(folders):
        source = source_of(path, folders)
        for name, file in module_names(path):
            found.append(Addon(name, "legacy", source, place_of(file), file))
    for repo, directory in repositories(folders):
        if not os.path.isdir(directory):
            continue
        source = "system" if repo.source == "SYSTEM" else "user"
        for name, file in module_names(directory, f"bl_ext.{repo.module}"):
            found.append(Addon(name, "extension", source, place_of(file), file))
    return found


def place_of(file: str) -> str:
    """What an add-on consists of, by the module that Python imports."""
    return os.path.dirname(file) if os.path.basename(file) == INIT else file


def known(folders: Folders) -> list[Addon]:
    """What is installed, and what only the preferences name."""
    found = installed(folders)
    names = {addon.name for addon in found}
    for entry in bpy.context.preferences.addons:
        if entry.module in names:
            continue
        names.add(entry.module)
        kind = "extension" if entry.module.startswith(EXTENSION_PREFIX) else "legacy"
        found.append(Addon(entry.module, kind, "unknown", None, None))
    return found


def short_name(name: str) -> str:
    """An extension's id; the name itself of a legacy add-on."""
    return name.rpartition(".")[2] if name.startswith(EXTENSION_PREFIX) else name


def matching(name: str, addons: list[Addon]) -> list[Addon]:
    """The add-ons that are meant by a name, the likeliest first: the whole name before an id."""
    whole = [addon for addon in addons if addon.name == name]
    by_id = [addon for addon in addons if addon.name != name and short_name(addon.name) == name]
    # Of several places the user's own is meant.
    order = {"user": 0, "unknown": 1, "system": 2, "bundled": 3}
    return sorted(whole, key=lambda one: order[one.source]) + sorted(
        by_id, key=lambda one: order[one.source]
    )


def in_preferences(name: str) -> bool:
    return name in bpy.context.preferences.addons


def loaded_file(name: str) -> str | None:
    """The file of the module under this name, whoever loaded it."""
    return getattr(sys.modules.get(name), "__file__", None)


def is_loaded(addon: Addon) -> bool:
    module = sys.modules.get(addon.name)
    if module is None or not getattr(module, "__addon_enabled__", False):
        return False
    file = loaded_file(addon.name)
    return addon.file is None or (file is not None and same_place(file, addon.file))


def is_enabled(addon: Addon) -> bool:
    """Whether the preferences have it, and mean this one of several of the name."""
    if not in_preferences(addon.name):
        return False
    file = loaded_file(addon.name)
    return addon.file is None or file is None or same_place(file, addon.file)


def elsewhere(expected: dict[str, Any]) -> dict[str, Any] | None:
    """Where this Blender keeps the user's files, if the command line thinks it is elsewhere."""
    own = own_folders()
    actual: dict[str, Any] = {
        "config": os.path.dirname(preferences_path()),
        "addons": own.addons,
        "repository": user_repository(own),
        "version": ".".join(map(str, bpy.app.version)),
    }
    places = ("config", "addons", "repository")
    same = all(actual[key] is None or same_place(actual[key], expected[key]) for key in places)
    return None if same and actual["version"] == expected["version"] else actual


def user_repository(folders: Folders) -> str | None:
    """Where Blender installs the extensions that come as files."""
    for repo, directory in repositories(folders):
        if repo.module == "user_default":
            return directory
    return None


def make_importable(folder: str) -> None:
    """Have Python look into an add-ons folder that may not have been there when Blender started."""
    bpy.utils.refresh_script_paths()
    for path in addon_utils.paths():
        if same_place(path, folder) and path not in sys.path:
            sys.path.append(path)


@dataclass
class Facts:
    """What an add-on says of itself; empty where it says nothing."""

    name: str = ""
    version: str = ""
    author: str = ""
    description: str = ""
    category: str = ""
    warning: str = ""
    doc_url: str = ""
    tracker_url: str = ""
    # The oldest Blender that it is for, and the first that it isn't for any more.
    oldest: tuple[int, ...] = ()
    beyond: tuple[int, ...] = ()
    # Why nothing is known.
    problem: str = ""


def facts_of(addon: Addon) -> Facts:
    if addon.file is None:
        return Facts(problem="its files are missing")
    if addon.kind == "extension":
        return extension_facts(os.path.join(os.path.dirname(addon.file), MANIFEST))
    return legacy_facts(addon.file)


def legacy_facts(file: str) -> Facts:
    """The facts in a module's literal ``bl_info``; the module isn't run."""
    try:
        with open(file, "rb") as stream:
            source = stream.read(READ_LIMIT).decode("utf-8-sig")
    except OSError as error:
        return Facts(problem=str(error.strerror))
    except UnicodeDecodeError:
        return Facts(problem="it isn't UTF-8")
    try:
        info = literal_info(source)
    except (SyntaxError, ValueError) as error:
        return Facts(problem=f"its bl_info can't be read: {error}")
    if info is None:
        return Facts(problem="it has no bl_info")
    return Facts(
        name=text(info.get("name")),
        version=dotted(info.get("version")),
        author=text(info.get("author")),
        description=text(info.get("description")),
        category=text(info.get("category")),
        warning=text(info.get("warning")),
        doc_url=manual_url(text(info.get("doc_url") or info.get("wiki_url"))),
        tracker_url=text(info.get("tracker_url")),
        oldest=numbers(info.get("blender")),
    )


def literal_info(source: str) -> dict[str, Any] | None:
    """The value that a module gives ``bl_info``; None where it gives none.

    Only the assignment is parsed where that works: add-ons can be long. Raises SyntaxError and
    ValueError.
    """
    lines = source.splitlines(keepends=True)
    begin = next((n for n, line in enumerate(lines) if ASSIGNMENT.match(line)), None)
    if begin is None:
        return None
    for end in range(begin, len(lines)):
        if not lines[end].rstrip().endswith(("}", ")")):
            continue
        with contextlib.suppress(SyntaxError):
            return assigned_info(ast.parse("".join(lines[begin : end + 1])))
    return assigned_info(ast.parse(source))


def assigned_info(module: ast.Module) -> dict[str, Any] | None:
    for node in module.body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        if node.value is None:
            continue
        if any(isinstance(target, ast.Name) and target.id == "bl_info" for target in targets):
            value = ast.literal_eval(node.value)
            if not isinstance(value, dict):
                raise ValueError("it isn't a dict")
            return value
    return None


def extension_facts(manifest: str) -> Facts:
    # Every Blender that has extensions has Python 3.11.
    import tomllib

    try:
        with open(manifest, "rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        return Facts(problem=f"{MANIFEST}: {error.strerror}")
    except (ValueError, UnicodeDecodeError) as error:
        return Facts(problem=f"{MANIFEST} can't be read: {error}")
    tags = table.get("tags")
    return Facts(
        name=text(table.get("name")),
        version=text(table.get("version")),
        author=text(table.get("maintainer")),
        description=text(table.get("tagline")),
        category=", ".join(map(text, tags)) if isinstance(tags, list) else "",
        doc_url=text(table.get("website")),
        oldest=numbers(text(table.get("blender_version_min")).split(".")),
        beyond=numbers(text(table.get("blender_version_max")).split(".")),
    )


def text(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else "" if value is None else str(value)


def dotted(version: Any) -> str:  # noqa: ANN401
    """A version as add-ons write it: a tuple, a list or text."""
    if isinstance(version, (tuple, list)):
        return ".".join(map(str, version))
    return text(version)


def numbers(version: Any) -> tuple[int, ...]:  # noqa: ANN401
    """A Blender version as numbers; empty where it isn't one."""
    if not isinstance(version, (tuple, list)):
        return ()
    try:
        return tuple(int(part) for part in version)
    except (TypeError, ValueError):
        return ()


def manual_url(url: str) -> str:
    """A URL into Blender's manual, in which bundled add-ons leave the version open."""
    if "{BLENDER_MANUAL_URL}" not in url:
        return url
    language = getattr(bpy.utils, "manual_language_code", lambda: "en")()
    release = f"{bpy.app.version[0]}.{bpy.app.version[1]}"
    return url.replace(
        "{BLENDER_MANUAL_URL}", f"https://docs.blender.org/manual/{language}/{release}"
    )


def misfit(facts: Facts) -> str | None:
    """Why an add-on isn't for this Blender, by what it says itself."""
    own = tuple(bpy.app.version)
    this = ".".join(map(str, own))
    if facts.oldest and own < facts.oldest:
        return f"it needs Blender {'.'.join(map(str, facts.oldest))}, and this is {this}"
    if facts.beyond and own >= facts.beyond:
        return f"it is for Blender before {'.'.join(map(str, facts.beyond))}, and this is {this}"
    return None


def record(addon: Addon, facts: Facts) -> dict[str, Any]:
    """An add-on as ``addon list`` shows it."""
    return {
        "name": addon.name,
        "enabled": is_enabled(addon),
        "loaded": is_loaded(addon),
        "version": facts.version or None,
        "path": addon.path,
        "source": addon.source,
        "kind": addon.kind,
    }


DETAILS = ("author", "description", "category", "warning", "doc_url", "tracker_url")


def details(facts: Facts) -> dict[str, str]:
    """What an add-on says of itself beside its version, where it says anything."""
    found = {key: getattr(facts, key) for key in DETAILS}
    return {key: value for key, value in found.items() if value}
