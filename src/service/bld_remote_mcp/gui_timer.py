"""Serves a Blender with a window: a timer of Blender's that runs jobs between its events."""

import time
from collections.abc import Callable
from contextlib import suppress

import bpy

from . import blender
from .log import logger
from .server import Server

BUSY_SECONDS = 0.005
IDLE_SECONDS = 0.1
BUSY_FOR_SECONDS = 2.0
WATCH_SECONDS = 0.5
# How long the window may stay frozen while many short jobs run one after the other.
_BUDGET_SECONDS = 0.05


class GuiTimer:
    """Runs a server's jobs from a timer that outlives the loading of another file."""

    def __init__(
        self,
        server: Server,
        on_stop: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_stop` is called on the main thread when a client has asked the server to stop."""
        self._server = server
        self._on_stop = on_stop
        self._clock = clock
        self._last_job = clock()
        self._scene_marked = False
        # Kept, because each `self.tick` is a new object and Blender knows functions by identity.
        self._function = self.tick
        self._watching = self.watch

    def start(self) -> None:
        """Register the timer, and one that watches it. On the main thread."""
        _register(self._function, 0.0)
        _register(self._watching, WATCH_SECONDS)

    def stop(self) -> None:
        """Take the timers back; harmless when Blender has already dropped them."""
        for function in (self._function, self._watching):
            with suppress(ValueError):
                bpy.app.timers.unregister(function)

    def watch(self) -> float | None:
        """Bring the timer back where Blender has dropped it; the seconds until the next call.

        It does so when a signal handler of the user's raises just as it calls the timer, before any
        instruction of ours. The two watch each other.
        """
        if not self._server.running:
            return None
        if not bpy.app.timers.is_registered(self._function):
            _register(self._function, 0.0)
        return WATCH_SECONDS

    def tick(self) -> float | None:
        """Run what waits, for about 50 ms; the seconds until the next call, None for never.

        Raises nothing but the SystemExit of a Blender that is to end: Blender drops a timer whose
        function raises, and the service with it.
        """
        try:
            seconds = self._tick()
        except BaseException:
            logger.exception("The service goes on after an error")
            return IDLE_SECONDS
        if seconds is None and self._server.quit_requested:
            blender.quit_window()
        return seconds

    def _tick(self) -> float | None:
        if not self._scene_marked:  # Blender had no scenes yet if it is only just starting
            blender.mark_scene(True)
            self._scene_marked = True
        if self._server.running and not bpy.app.timers.is_registered(self._watching):
            _register(self._watching, WATCH_SECONDS)
        began = self._clock()
        while not self._server.stop_requested and self._server.jobs.run_next():
            self._last_job = self._clock()
            if self._last_job - began >= _BUDGET_SECONDS:
                break
        if not self._server.running:  # A job disabled the add-on, and may have enabled it again
            self._server.close()
            return None
        if self._server.stop_requested:
            self._on_stop()
            return None
        quiet = self._clock() - self._last_job >= BUSY_FOR_SECONDS
        return IDLE_SECONDS if quiet else BUSY_SECONDS


def _register(function: Callable[[], float | None], seconds: float) -> None:
    bpy.app.timers.register(function, first_interval=seconds, persistent=True)
