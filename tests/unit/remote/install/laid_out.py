"""Distributions in folders, as pip lays them out, and what is in a folder."""

import base64
import csv
import hashlib
import uuid
from pathlib import Path
from types import ModuleType
from typing import Any

import site_lock


def done(script: ModuleType, work: str, **arguments: object) -> Any:
    """Have `user_modules.py` do a job to its end; gives what it gives, raises what it raises."""
    order: dict[str, object] = {"job": uuid.uuid4().hex, "wait": 10}
    state = script.main({**order, "action": "begin", "work": work, "arguments": arguments})
    while not state["over"]:
        state = script.main({**order, "action": "look"})
    return state["value"]


def swap(script: ModuleType, modules: Path, stage: Path, *, accepted: bool = True) -> Any:
    """Move what is staged into place."""
    return done(script, "swap", folder=str(modules), stage=str(stage), accepted=accepted)


def row_of(name: str, text: str) -> list[str]:
    """Give the row of RECORD for a file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return [name, f"sha256={digest.decode()}", str(len(text.encode()))]


def put(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """Lay a distribution out as `pip install --target` does; gives its metadata folder.

    RECORD names what is in `bin`, `share` and `etc` as pip does there, from outside.
    """
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    }
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    record = folder / info / "RECORD"
    above = ("bin/", "share/", "etc/")
    with record.open("w", encoding="utf-8", newline="") as file:
        rows = [
            row_of(f"../../{path}" if path.startswith(above) else path, text)
            for path, text in files.items()
        ]
        csv.writer(file).writerows([*rows, [f"{info}/RECORD", "", ""]])
    return folder / info


def tree(folder: Path) -> dict[str, str | None]:
    """Give all that is below a folder: files with their text, folders with None."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(errors="surrogateescape")
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


def hidden(folder: Path) -> list[str]:
    """Name the folders of changes."""
    return sorted(path.name for path in folder.glob(".*") if path.name != site_lock.NAME)
