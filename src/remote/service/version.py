"""Which Blender this is."""

import os
from typing import TypedDict

import bpy


class BlenderVersion(TypedDict):
    """Version, mode and process id."""

    blender_version: str
    background: bool
    pid: int


def main(_: None) -> BlenderVersion:
    return {
        "blender_version": bpy.app.version_string,
        "background": bpy.app.background,
        "pid": os.getpid(),
    }
