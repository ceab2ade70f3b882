"""Runs pip beside Blender: starts it, tells of it, ends it.

No call waits for pip: it is a process of its own whose output goes to files, so that Blender stays
responsive and no server's time limit for one command matters. ``pip_guard.py`` sees to it that no
run outlives this Blender. This text runs with every call; what it imports runs once.
"""

from collections.abc import Callable
from typing import Any

import pip_start
import pip_watch

ACTIONS: dict[str, Callable[[Any], object]] = {
    "start": pip_start.start,
    "look": pip_watch.look,
    "look_before": pip_watch.look_before,
    "read": pip_watch.read,
    "cancel": pip_watch.cancel,
    "finish": pip_watch.finish,
}


def main(arguments: dict[str, object]) -> object:
    """Do ``arguments["action"]``, a function of the modules, with these arguments."""
    return ACTIONS[str(arguments["action"])](arguments)
