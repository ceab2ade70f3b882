"""Follows the file that Blender has open, as far as the service must know of it."""

import bpy

from . import blender
from .interruption import UserCodeGuard


class OpenFile:
    """Knows whether code of clients ran since the file was saved or loaded.

    Blender's own `is_dirty` misses what code changes without the undo system, such as an object
    that it adds to bpy.data.
    """

    def __init__(self, guard: UserCodeGuard) -> None:
        """`guard`: what runs the code."""
        self._guard = guard
        self._runs_at_save = 0

        persistent = bpy.app.handlers.persistent

        # Functions, because Blender keeps no method when it loads another file.
        @persistent
        def on_save(*_file: object) -> None:
            self._runs_at_save = guard.runs

        @persistent
        def on_load(*_file: object) -> None:
            # What code does after it has loaded a file isn't in that file.
            self._runs_at_save = guard.runs - guard.running
            blender.mark_scene(True)  # The scenes are others now

        self._on_save, self._on_load = on_save, on_load

    @property
    def code_ran_since_save(self) -> bool:
        """Whether code has run; code that saves the file itself counts as saved. Any thread."""
        return self._guard.runs > self._runs_at_save

    def watch(self) -> None:
        """From now on, notice saving and loading. On the main thread."""
        bpy.app.handlers.save_post.append(self._on_save)
        bpy.app.handlers.load_post.append(self._on_load)

    def unwatch(self) -> None:
        """Undo watch(); harmless where code has taken the handlers away."""
        for handlers, function in (
            (bpy.app.handlers.save_post, self._on_save),
            (bpy.app.handlers.load_post, self._on_load),
        ):
            if function in handlers:
                handlers.remove(function)
