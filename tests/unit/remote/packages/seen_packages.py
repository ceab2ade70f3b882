"""A Blender's Python, whose packages lie in a test's own folders."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

Row = dict[str, Any]


class Blender:
    """A Blender's Python: the script under test, and folders on its path."""

    def __init__(self, bpy: ModuleType, script: ModuleType, folder: Path) -> None:
        self.bpy = bpy
        self.script = script
        self.folder = folder

    def on_path(self, *parts: str) -> Path:
        """Give a folder at the end of the path."""
        place = self.folder.joinpath(*parts)
        place.mkdir(parents=True, exist_ok=True)
        if str(place) not in sys.path:
            sys.path.append(str(place))
        return place

    def all(self, seconds: float = 10) -> list[Row]:
        """List what is in the test's own folders."""
        rows: list[Row] = []
        rest = None
        while rest is None or rest:
            page = self.script.main({"rest": rest, "seconds": seconds})
            rows += page["packages"]
            rest = page["rest"]
        return [row for row in rows if row["location"].startswith(str(self.folder))]

    def one(self, name: str) -> Row:
        (row,) = [row for row in self.all() if row["name"] == name]
        return row

    def sources(self) -> dict[str, str]:
        return {row["name"]: row["source"] for row in self.all()}

    def module(self, name: str) -> Any:
        """Give a module that the script has brought."""
        return sys.modules[name]

    def set_site(self, folder: Path) -> None:
        """Make a folder the only site-packages."""
        paths = SimpleNamespace(get_path=lambda _name: str(folder))
        self.module("python_folders").sysconfig = paths

    def look(self, *names: str, modules: list[str] | None = None) -> list[Row]:
        return self.script.main({"names": list(names), "modules": modules})
