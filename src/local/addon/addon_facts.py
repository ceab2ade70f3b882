"""What add-ons say of themselves: in their ``bl_info``, or in an extension's manifest."""

import ast
import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import bpy
from addon_places import own_version
from addon_records import Addon

MANIFEST = "blender_manifest.toml"

# A bl_info stands near the top; a file that is bigger than this has none (bytes).
READ_LIMIT = 8 * 1024**2
ASSIGNMENT = re.compile(r"bl_info\s*(:|=(?!=))")


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
    # The paths of the wheels that an extension brings, for whatever machine.
    wheels: tuple[str, ...] = ()
    # Why nothing is known.
    problem: str = ""


def facts_of(addon: Addon) -> Facts:
    """What an add-on says of itself; its code isn't run."""
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
    # All that literal_eval may raise.
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        return Facts(problem=f"its bl_info can't be read: {error}")
    if info is None:
        return Facts(problem="it has no bl_info")
    return Facts(
        name=text_of(info.get("name")),
        version=dotted(info.get("version")),
        author=text_of(info.get("author")),
        description=text_of(info.get("description")),
        category=text_of(info.get("category")),
        warning=text_of(info.get("warning")),
        doc_url=manual_url(text_of(info.get("doc_url") or info.get("wiki_url"))),
        tracker_url=text_of(info.get("tracker_url")),
        oldest=numbers(info.get("blender")),
    )


def literal_info(source: str) -> dict[object, object] | None:
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


def assigned_info(module: ast.Module) -> dict[object, object] | None:
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
            return cast("dict[object, object]", value)
    return None


def extension_facts(manifest: str) -> Facts:
    """The facts in a ``blender_manifest.toml``."""
    # Every Blender that has extensions has Python 3.11.
    import tomllib

    try:
        with open(manifest, "rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        return Facts(problem=f"{MANIFEST}: {error.strerror}")
    except (ValueError, UnicodeDecodeError) as error:
        return Facts(problem=f"{MANIFEST} can't be read: {error}")
    return Facts(
        name=text_of(table.get("name")),
        version=text_of(table.get("version")),
        author=text_of(table.get("maintainer")),
        description=text_of(table.get("tagline")),
        category=", ".join(map(text_of, items_of(table.get("tags")))),
        doc_url=text_of(table.get("website")),
        oldest=numbers(text_of(table.get("blender_version_min")).split(".")),
        beyond=numbers(text_of(table.get("blender_version_max")).split(".")),
        wheels=tuple(text_of(wheel) for wheel in items_of(table.get("wheels"))),
    )


def text_of(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def items_of(value: object) -> Sequence[Any]:
    """What is in a tuple or list; nothing for anything else."""
    return cast("Sequence[Any]", value) if isinstance(value, (tuple, list)) else ()


def dotted(version: object) -> str:
    """A version as add-ons write it: a tuple, a list or text."""
    if isinstance(version, (tuple, list)):
        return ".".join(map(str, cast("Sequence[Any]", version)))
    return text_of(version)


def numbers(version: object) -> tuple[int, ...]:
    """A Blender version as numbers; empty where it isn't one."""
    try:
        return tuple(int(part) for part in items_of(version))
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
    this = own_version()
    if facts.oldest and own < facts.oldest:
        return f"it needs Blender {'.'.join(map(str, facts.oldest))}, and this is {this}"
    if facts.beyond and own >= facts.beyond:
        return f"it is for Blender before {'.'.join(map(str, facts.beyond))}, and this is {this}"
    return None
