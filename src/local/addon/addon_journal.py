"""Notes what is being done and what is done, should Blender not live to give its results."""

import json
import os
from typing import TypedDict

from addon_outcome import Outcome, Told


class Begin(TypedDict):
    """A change that begins, by its index, or an add-on of a trial, by its name."""

    begin: int | str


class BeginEntry(Begin, total=False):
    """Something begins; a further entry of the same adds what has become known."""

    path: str | None
    # What is to be said although Blender may not come back.
    warnings: list[Told]
    # Where it was when the time was up.
    traceback: str


class End(TypedDict):
    """The same, done."""

    end: int | str


class EndEntry(End, total=False):
    """Something is done, with what became of it."""

    result: Outcome


class Journal:
    """The file of the entries, one a line; without a path nothing is noted."""

    def __init__(self, path: str | None) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND) if path else None

    def write(self, entry: BeginEntry | EndEntry) -> None:
        """Add an entry; it is in the file when this returns."""
        if self._file is not None:
            os.write(self._file, f"{json.dumps(entry)}\n".encode())
