"""Tries to import modules as Blender would, in a process of its own: ``ORDER REPORT``.

Blender's own modules aren't there: what needs them can only be tried inside Blender.
"""

import json
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import TypedDict


class ImportOrder(TypedDict):
    """Blender's path, and what to import."""

    path: list[str]
    modules: list[str]


class TriedModule(TypedDict):
    """How an import went; ``error`` is null where it worked, ``lines`` where it failed."""

    module: str
    error: str | None
    lines: list[str]


def tried(module: str) -> TriedModule:
    """Import a module, whatever comes of it."""
    try:
        import_module(module)
    except BaseException as error:
        lines = [
            f"{frame.filename}:{frame.lineno}"
            for frame in traceback.extract_tb(error.__traceback__)
            if "importlib" not in frame.filename
        ]
        return {"module": module, "error": f"{type(error).__name__}: {error}", "lines": lines[1:]}
    return {"module": module, "error": None, "lines": []}


def main(order_path: str, report_path: str) -> None:
    """Import what the order names, and report each."""
    order: ImportOrder = json.loads(Path(order_path).read_text(encoding="utf-8"))
    sys.path[:] = order["path"]
    for name in ("bpy", "mathutils", "bmesh", "gpu"):
        sys.modules[name] = None  # type: ignore[assignment]
    found = [tried(module) for module in order["modules"]]
    Path(report_path).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
