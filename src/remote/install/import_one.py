"""Imports one module as a Blender would that is started anew: ``ORDER REPORT MODULE``.

Whoever runs this waits for it, so it loads no more than it needs.
"""

import importlib
import json
import os
import sys
from typing import TypedDict

# Of an exception: characters of its text, and lines of the way to it. It may be of any size.
TEXT_LIMIT = 2000
LINES_LIMIT = 20


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
    # It asked for what only Blender has, so it may go otherwise there.
    needs_blender: bool


class Hidden:
    """Sees to it that what only Blender has isn't found, and notes whether it is asked for."""

    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.asked = False

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Refuse Blender's own; leave all else to the other finders."""
        if fullname.partition(".")[0] in self.names:
            self.asked = True
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def shown(text: str) -> str:
    """Give a text without what would move a terminal's cursor, or change its colours."""
    return "".join(
        one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode()
        for one in text
    )


def error_text(error: BaseException) -> str:
    text = type(error).__name__
    # A class of somebody's own may not even be able to say what it is.
    try:
        said = str(error)
    except BaseException:
        said = ""
    text = f"{text}: {said}" if said else text
    return shown(text[:TEXT_LIMIT])


def error_lines(error: BaseException) -> list[str]:
    import traceback

    frames = [
        f"{frame.f_code.co_filename[-TEXT_LIMIT:]}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith("<frozen importlib")
        and frame.f_code.co_filename not in (importlib.__file__, __file__)
    ]
    return frames[-LINES_LIMIT:]


def try_one(order: ImportOrder, module: str) -> TriedModule:
    """Import a module in this process, whatever comes of it."""
    # What `.pth` files have added at this start, Blender's next start adds as well.
    added = [place for place in sys.path if place not in order["path"]]
    sys.path[:] = [*order["path"], *added]
    del sys.argv[1:]
    # What this interpreter has as well isn't Blender's alone.
    hidden = Hidden({*order["built_in"]} - {*sys.builtin_module_names})
    sys.meta_path.insert(0, hidden)
    error: str | None = None
    lines: list[str] = []
    try:
        importlib.import_module(module)
    except BaseException as raised:
        error, lines = error_text(raised), error_lines(raised)
    return {"module": module, "error": error, "lines": lines, "needs_blender": hidden.asked}


def main(order_path: str, report_path: str, module: str) -> None:
    """Import the module and report how that went."""
    with open(order_path, encoding="utf-8") as file:
        order: ImportOrder = json.load(file)
    tried = try_one(order, module)
    with open(f"{report_path}.part", "w", encoding="utf-8") as file:
        json.dump(tried, file)
    os.replace(f"{report_path}.part", report_path)
    # What was imported may have started threads that don't end.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
