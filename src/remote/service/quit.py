"""Ends Blender from inside, for servers whose own shutdown request doesn't."""

import os
import signal
import threading
from typing import TypedDict

import bpy

# Long enough for the server to send the answer first.
DELAY_SECONDS = 0.3


class QuitOrder(TypedDict):
    """``force``: also with unsaved changes."""

    force: bool


class Ending(TypedDict):
    """``unsaved``: there are unsaved changes, and nothing was done."""

    unsaved: bool
    pid: int


def quit_window() -> None:
    bpy.ops.wm.quit_blender()


def main(order: QuitOrder) -> Ending:
    """End this Blender, soon."""
    pid = os.getpid()
    if bpy.app.background:
        # Timers never fire without a window; the handlers of such servers act on SIGTERM.
        threading.Timer(DELAY_SECONDS, os.kill, (pid, signal.SIGTERM)).start()
        return {"unsaved": False, "pid": pid}
    if bpy.data.is_dirty and not order["force"]:
        return {"unsaved": True, "pid": pid}
    bpy.app.timers.register(quit_window, first_interval=DELAY_SECONDS)
    return {"unsaved": False, "pid": pid}
