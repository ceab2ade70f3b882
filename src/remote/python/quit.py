"""Ends Blender from inside, for servers whose own shutdown request doesn't."""

import os
import signal
import threading
from typing import Any

import bpy

# Long enough for the server to send the answer first.
DELAY_SECONDS = 0.3


def quit_window() -> None:
    bpy.ops.wm.quit_blender()


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"force": bool}``; give ``{"unsaved": bool}``: true means that nothing was done."""
    if bpy.app.background:
        # Timers never fire without a window; the handlers of such servers act on SIGTERM.
        threading.Timer(DELAY_SECONDS, os.kill, (os.getpid(), signal.SIGTERM)).start()
        return {"unsaved": False}
    if bpy.data.is_dirty and not arguments["force"]:
        return {"unsaved": True}
    bpy.app.timers.register(quit_window, first_interval=DELAY_SECONDS)
    return {"unsaved": False}
