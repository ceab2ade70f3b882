"""Runs one script of the command line's in a background Blender: one JSON file in, one out.

Behind `--` stand two paths. The first file holds ``{"name", "source", "arguments"}``, where
``source`` is a Python module with ``main(arguments) -> JSON value``. The second is written when the
script has ended: ``{"value": …}`` or ``{"error": …}``. What Blender and its add-ons print can thus
never be taken for the result.
"""

import errno
import json
import os
import signal
import sys
import traceback
from types import FrameType
from typing import Any


def interrupted(_signal: int, _frame: FrameType | None) -> None:
    """Leave the script as an exception does, so that it puts back what it was changing."""
    raise KeyboardInterrupt


def run(call: dict[str, Any]) -> dict[str, Any]:
    """Give ``{"value": …}`` or ``{"error": {"type", "message", "errno", "path", "traceback"}}``."""
    try:
        namespace: dict[str, Any] = {"__name__": call["name"]}
        exec(compile(call["source"], f"<{call['name']}>", "exec"), namespace)
        return {"value": namespace["main"](call["arguments"])}
    # An add-on that the script enables may well raise SystemExit.
    except BaseException as error:
        number = getattr(error, "errno", None)
        path = getattr(error, "filename", None)
        return {
            "error": {
                "type": type(error).__name__,
                "message": getattr(error, "strerror", None) or str(error),
                "errno": errno.errorcode.get(number) if isinstance(number, int) else None,
                "path": path if isinstance(path, str) else None,
                "traceback": traceback.format_exc(),
            }
        }


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
