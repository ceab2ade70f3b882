"""What the running Blender and its Python say of themselves at once, on Blender's main thread."""

import platform
import sys
import sysconfig
from typing import TypedDict

import bpy


class Blender(TypedDict):
    """The running Blender; ``binary`` is None for Blender as a Python module."""

    version: str
    version_tuple: list[int]
    binary: str | None
    background: bool


class Libc(TypedDict):
    """The C library."""

    name: str
    version: str


class Python(TypedDict):
    """The running Python."""

    version: str
    implementation: str
    sys_executable: str | None
    python_args: list[str] | None
    platform: str
    machine: str
    libc: Libc | None
    prefix: str
    base_prefix: str


def libc() -> Libc | None:
    """Give name and version of the C library, where they can be told."""
    try:
        name, version = platform.libc_ver()
    # Reads sys.executable, which Blender may leave as None.
    except (OSError, TypeError, ValueError):
        return None
    return {"name": name, "version": version} if name else None


def blender_facts() -> Blender:
    return {
        "version": bpy.app.version_string,
        "version_tuple": list(bpy.app.version),
        "binary": bpy.app.binary_path or None,
        "background": bool(bpy.app.background),
    }


def python_facts() -> Python:
    # Blender 3.x has no python_args.
    args = getattr(bpy.app, "python_args", None)
    return {
        "version": platform.python_version(),
        "implementation": sys.implementation.name,
        "sys_executable": sys.executable or None,
        "python_args": None if args is None else list(args),
        "platform": sysconfig.get_platform(),
        "machine": platform.machine(),
        "libc": libc(),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
    }


def online_access() -> bool | None:
    """Give Blender's preference; None for a Blender that has no such setting (before 4.2)."""
    allowed = getattr(bpy.app, "online_access", None)
    return None if allowed is None else bool(allowed)
