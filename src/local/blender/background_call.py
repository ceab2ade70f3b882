"""Runs one script of the command line's in a Blender: one JSON file in, one out.

Behind `--` stand two paths. The first file holds ``{"name", "source", "arguments", "modules"}``, as
``run_script.py`` takes it. The second is written when the script has ended: ``{"value": …}`` or
``{"error": …}``; what Blender, its add-ons and what they started print can thus never be taken for
it. It is also printed, between two markers, for whoever reads Blender's output; all else goes to
stderr from here on. A third file, the second's name with ``.begun``, says that Blender has started.
"""

import contextlib
import json
import os
import signal
import sys
from types import FrameType

from run_script import run

BEGIN = "__BLENDER_REMOTE_JSON_BEGIN__"
END = "__BLENDER_REMOTE_JSON_END__"


def interrupted(_signal: int, _frame: FrameType | None) -> None:
    """Leave the script as an exception does, so that it puts back what it was changing."""
    raise KeyboardInterrupt


def reopen_closed() -> None:
    """Keep our files from taking the place of stdout or stderr that an add-on has closed."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest that is free.
            os.open(os.devnull, os.O_RDWR)


def stdout_to_stderr() -> int:
    """Send what is printed from now on to stderr; gives the descriptor of the real stdout."""
    # An add-on may have replaced it by anything.
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    return real


def write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def main() -> None:
    """Read the call, run it, write its outcome in one piece."""
    signal.signal(signal.SIGTERM, interrupted)
    call_path, outcome_path = sys.argv[sys.argv.index("--") + 1 :]
    reopen_closed()
    stdout = stdout_to_stderr()
    with open(call_path, encoding="utf-8") as file:
        call = json.load(file)
    with open(f"{outcome_path}.begun", "w", encoding="utf-8"):
        pass
    outcome = json.dumps(run(call))
    part = f"{outcome_path}.part"
    with open(part, "w", encoding="utf-8") as file:
        file.write(outcome)
    os.replace(part, outcome_path)
    write_all(stdout, f"\n{BEGIN}\n{outcome}\n{END}\n".encode())
