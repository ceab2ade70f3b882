"""Which Blender this is."""

import os
from typing import Any

import bpy


def main(_: None) -> dict[str, Any]:
    """Give version, mode and process id."""
    return {
        "blender_version": bpy.app.version_string,
        "background": bpy.app.background,
        "pid": os.getpid(),
    }
