"""Runs a user's code as Python would, and gives its output and exit status."""

import base64
import threading
import time
from typing import TypedDict

import bpy
from program import Program, run


class UserCode(TypedDict):
    """Code to run, in base64, with what Python is told about it (see ``Program``).

    ``limit``: how many bytes of each stream are kept.
    """

    code: str
    name: str
    argv: list[str]
    path0: str
    limit: int


class Dropped(TypedDict):
    """How many bytes of each stream were dropped."""

    stdout: int
    stderr: int


class CodeRun(TypedDict):
    """What code wrote, in base64, its exit status and its duration in seconds."""

    stdout: str
    stderr: str
    exit: int
    duration_s: float
    dropped: Dropped


class Kept:
    """The first ``limit`` bytes of each stream."""

    def __init__(self, limit: int) -> None:
        """``limit``: bytes of each."""
        self._limit = limit
        self.kept = {"stdout": bytearray(), "stderr": bytearray()}
        self.dropped = {"stdout": 0, "stderr": 0}
        # Threads of the code write, too. Reentrant, because writing may run a __del__ that prints.
        self._lock = threading.RLock()

    def write(self, stream: str, data: bytes) -> None:
        """Keep as much as still fits, and count the rest."""
        with self._lock:
            room = max(0, self._limit - len(self.kept[stream]))
            self.kept[stream] += data[:room]
            self.dropped[stream] += max(0, len(data) - room)


def main(arguments: UserCode) -> CodeRun:
    """Run the code, and put back what Python keeps of a program."""
    output = Kept(arguments["limit"])
    program = Program(arguments["name"], arguments["argv"], arguments["path0"])
    begun = time.monotonic()
    # With bpy, which other clients of such services have always given to their users' code.
    status = run(base64.b64decode(arguments["code"]), program, output.write, {"bpy": bpy})
    return {
        "stdout": base64.b64encode(output.kept["stdout"]).decode("ascii"),
        "stderr": base64.b64encode(output.kept["stderr"]).decode("ascii"),
        "exit": status,
        "duration_s": time.monotonic() - begun,
        "dropped": {"stdout": output.dropped["stdout"], "stderr": output.dropped["stderr"]},
    }
