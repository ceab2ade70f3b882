"""Keeps a background Blender alive for the published add-on, as its own command line does."""

import signal
import sys
import time
from types import FrameType

import bld_remote


def leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


signal.signal(signal.SIGINT, leave)
signal.signal(signal.SIGTERM, leave)
while True:
    bld_remote.step()
    time.sleep(0.05)
