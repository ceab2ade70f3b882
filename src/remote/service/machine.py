"""On which machine this Blender runs, so that a controller knows whether its process is there."""

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import TypedDict


class Machine(TypedDict):
    """`boot` and `namespace` are Linux's, and empty elsewhere."""

    host: str
    boot: str
    """Another one after each start of the machine."""
    namespace: str
    """Within which process ids are counted: a container has its own."""


def main(_: None) -> Machine:
    boot = namespace = ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        namespace = os.readlink("/proc/self/ns/pid")
    return {"host": socket.gethostname(), "boot": boot, "namespace": namespace}
