"""Tells of Blender's pip run, what it writes and how it ends, and ends it.

This text runs with every call while a run is followed; what it imports runs once.
"""

from collections.abc import Callable
from typing import Any

import pip_watch

ACTIONS: dict[str, Callable[[Any], object]] = {
    "look": pip_watch.look,
    "look_before": pip_watch.look_before,
    "read": pip_watch.read,
    "cancel": pip_watch.cancel,
    "finish": pip_watch.finish,
}


def main(arguments: dict[str, object]) -> object:
    """Do ``arguments["action"]``, a function of the module, with these arguments."""
    return ACTIONS[str(arguments["action"])](arguments)
