"""What the service itself asks of Blender. Main thread only."""

from dataclasses import dataclass

import bpy


@dataclass(frozen=True)
class BlenderFacts:
    """What doesn't change while Blender runs, read once because threads mustn't call Blender."""

    version: str
    """As "5.0.1"."""
    background: bool
    """Whether Blender runs without its window."""


def facts() -> BlenderFacts:
    """Ask this Blender."""
    return BlenderFacts(".".join(map(str, bpy.app.version)), bool(bpy.app.background))


def has_unsaved_changes() -> bool:
    """Whether the open file differs from what was saved."""
    return bool(bpy.data.is_dirty)


def quit_window() -> None:
    """Make a Blender with a window quit, without asking about unsaved changes.

    SystemExit where Blender's own way isn't open, which ends it from a timer, too.
    """
    try:
        # A timer's context has no window, and the operator needs one.
        with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
            bpy.ops.wm.quit_blender()
    except (IndexError, RuntimeError) as error:
        raise SystemExit(0) from error


def mark_scene(running: bool) -> None:
    """Set the first scene's property that says whether the service runs, if Blender lets us now."""
    try:
        scenes = bpy.data.scenes  # Absent while Blender registers add-ons at its start
        if scenes:
            scenes[0].bld_remote_server_running = running
    except (AttributeError, RuntimeError):  # While Blender draws, nothing can be written
        return
