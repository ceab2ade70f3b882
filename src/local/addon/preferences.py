"""Blender's preferences, changed so that nothing of the user's is lost."""

import os

import bpy


class RefusedError(Exception):
    """The operation can't be done; nothing is changed (any more)."""

    def __init__(self, reason: str, detail: str, trace: str = "", about: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.trace = trace
        # What the reason is about, such as a package's name; for the hint.
        self.about = about


def preferences_path() -> str:
    return os.path.join(bpy.utils.user_resource("CONFIG"), "userpref.blend")


def unreadable() -> str | None:
    """Why Blender couldn't read its preferences, if it couldn't: it goes on with defaults then."""
    path = preferences_path()
    if not os.path.lexists(path):
        return None
    try:
        with bpy.data.libraries.load(path):
            return None
    except OSError as error:
        return f"{path}: {str(error).strip()}"


def require_own() -> None:
    """Make sure that it is the user's preferences that a save would save.

    Blender has read them when it started, and nobody else changes them meanwhile: the command line
    holds a lock. Only a start with factory settings hasn't. Raises RefusedError.
    """
    problem = unreadable()
    if problem is not None:
        raise RefusedError("preferences-unreadable", problem)
    # The Python module of Blender always says so, and its launcher has read them.
    if bpy.app.factory_startup and not getattr(bpy.app, "module", False):
        bpy.ops.wm.read_userpref()


def save() -> None:
    try:
        bpy.ops.wm.save_userpref()
    except RuntimeError as error:
        raise RefusedError("preferences-not-saved", str(error).strip()) from error
