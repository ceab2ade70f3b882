"""Tries to import modules as a Blender would that is started anew: ``ORDER REPORT``.

Blender's own modules aren't there: what needs them can only be tried inside Blender.
"""

import json
import os
import sys
import threading
import traceback
from importlib import import_module
from pathlib import Path
from typing import TypedDict

# Where an import waits for something that never comes.
LIMIT_SECONDS = 60


class ImportOrder(TypedDict):
    """Blender's path, what to import, and which modules only a running Blender has."""

    path: list[str]
    modules: list[str]
    built_in: list[str]


class TriedModule(TypedDict):
    """How an import went; ``error`` is null where it worked, ``lines`` where it failed."""

    module: str
    error: str | None
    lines: list[str]
    # It needs what only Blender has, so nothing is known.
    needs_blender: bool


def failed(module: str, error: str) -> TriedModule:
    return {"module": module, "error": error, "lines": [], "needs_blender": False}


def tried(module: str, built_in: list[str]) -> TriedModule:
    """Import a module, whatever comes of it."""
    try:
        import_module(module)
    except BaseException as error:
        lines = [
            f"{frame.filename}:{frame.lineno}"
            for frame in traceback.extract_tb(error.__traceback__)[1:]
            if "importlib" not in frame.filename
        ]
        missing = error.name if isinstance(error, ImportError) else None
        return {
            "module": module,
            "error": f"{type(error).__name__}: {error}",
            "lines": lines,
            "needs_blender": (missing or "").split(".")[0] in built_in,
        }
    return {"module": module, "error": None, "lines": [], "needs_blender": False}


def write(path: str, found: list[TriedModule]) -> None:
    Path(f"{path}.part").write_text(json.dumps(found), encoding="utf-8")
    os.replace(f"{path}.part", path)


def main(order_path: str, report_path: str) -> None:
    """Import what the order names, and report each."""
    order: ImportOrder = json.loads(Path(order_path).read_text(encoding="utf-8"))
    # What `.pth` files have added at this start, Blender's next start adds as well.
    added = [place for place in sys.path if place not in order["path"]]
    sys.path[:] = [*order["path"], *added]
    for name in order["built_in"]:
        sys.modules[name] = None  # type: ignore[assignment]
    found: list[TriedModule] = []

    def give_up() -> None:
        rest = order["modules"][len(found) :]
        late = f"it isn't done after {LIMIT_SECONDS} s"
        write(report_path, [*found, *(failed(module, late) for module in rest)])
        os._exit(1)

    timer = threading.Timer(LIMIT_SECONDS, give_up)
    timer.daemon = True
    timer.start()
    for module in order["modules"]:
        found.append(tried(module, order["built_in"]))
    timer.cancel()
    write(report_path, found)
    # What was imported may have started threads that don't end.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
