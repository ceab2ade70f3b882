"""Runs one script of the command line's in a background Blender: one JSON file in, one out.

Behind `--` stand two paths. The first file holds ``{"name", "source", "arguments"}``, where
``source`` is a Python module with ``main(arguments) -> JSON value``. The second is written when the
script has ended: ``{"value": …}`` or ``{"error": …}``. What Blender and its add-ons print can thus
never be taken for the result.
"""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

# Blender's --python doesn't put the script's folder on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))
from run_script import run


def interrupted(_signal: int, _frame: FrameType | None) -> None:
    """Leave the script as an exception does, so that it puts back what it was changing."""
    raise KeyboardInterrupt


def main() -> None:
    """Read the call, run it, write its outcome in one piece."""
    signal.signal(signal.SIGTERM, interrupted)
    call_path, outcome_path = sys.argv[sys.argv.index("--") + 1 :]
    with open(call_path, encoding="utf-8") as file:
        call = json.load(file)
    outcome = json.dumps(run(call))
    part = f"{outcome_path}.part"
    with open(part, "w", encoding="utf-8") as file:
        file.write(outcome)
    os.replace(part, outcome_path)


main()
