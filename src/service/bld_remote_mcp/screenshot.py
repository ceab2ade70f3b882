"""A picture of the 3D viewport. Main thread only."""

from __future__ import annotations

import os
import tempfile

import bpy

_FILE_FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG"}


def viewport_screenshot(
    filepath: object, max_size: object, file_format: object
) -> dict[str, object]:
    """Save the first 3D viewport as an image of at most `max_size` pixels a side.

    `filepath`: where; a new file in the folder for temporary files if empty. `file_format`: "png"
    or "jpg". ValueError without a window or viewport, and for parameters that make no sense.
    """
    if bpy.app.background:
        raise ValueError("Viewport screenshots are not available in background mode")
    kind = _FILE_FORMATS.get(str(file_format).lower())
    if kind is None:
        raise ValueError(f"format must be one of {', '.join(_FILE_FORMATS)}, not {file_format!r}")
    if isinstance(max_size, bool) or not isinstance(max_size, (int, float)) or max_size < 1:
        raise ValueError(f"max_size must be a positive number of pixels, not {max_size!r}")
    path = filepath or _new_path(str(file_format).lower())
    if not isinstance(path, str):
        raise ValueError(f"filepath must be a string, not {filepath!r}")
    if "\0" in path:  # Blender would write to what stands before it
        raise ValueError(f"filepath must have no NUL character: {filepath!r}")
    window, area = _viewport()
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.screen.screenshot_area(filepath=path)
    width, height = _fit(path, kind, max_size)
    return {"success": True, "width": width, "height": height, "filepath": path}


def _new_path(suffix: str) -> str:
    # Made before Blender writes to it, so that nobody else can read it.
    handle, path = tempfile.mkstemp(f".{suffix}", "blender_screenshot_")
    os.close(handle)
    return path


def _viewport() -> tuple[bpy.types.Window, bpy.types.Area]:
    # Not bpy.context.screen: a timer's context has none.
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                return window, area
    raise ValueError("No 3D viewport found")


def _fit(path: str, kind: str, max_size: float) -> tuple[int, int]:
    """Scale the image down to `max_size`, write it as `kind`; its size in pixels."""
    image = bpy.data.images.load(path)
    try:
        width, height = image.size
        longest = max(width, height)
        if longest == 0:
            raise ValueError(f"no picture could be read back from {path!r}")
        too_large = max_size < longest
        if too_large:
            scale = max_size / longest
            width, height = max(int(width * scale), 1), max(int(height * scale), 1)
            image.scale(width, height)
        if too_large or image.file_format != kind:
            image.file_format = kind
            image.save()
        return width, height
    finally:
        bpy.data.images.remove(image)
