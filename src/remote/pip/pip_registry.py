"""What Blender knows of its pip run: the one that goes on, or the last one, until it is forgotten.

It is kept in ``sys.modules``, so that every version of these scripts finds it.
"""

import subprocess
import sys
import types
from io import FileIO
from typing import Protocol, TypedDict, cast

REGISTRY = "_blender_remote_pip"

# Below a run's folder: the files that were brought for it, and that it writes for its controller.
FILES = "files"

# Among them, what it has to say besides its output.
REPORT = "report.json"


class Purpose(TypedDict):
    """The command of ours that a run is part of."""

    line: list[str]
    # "plan", "user-modules", "site" or "uninstall".
    part: str
    requested: list[str]
    folder: str | None
    stage: str | None


class RunFolder(Protocol):
    """Of a run: `name` is its path."""

    @property
    def name(self) -> str:
        """Where it is."""
        ...

    def cleanup(self) -> None:
        """Remove it."""
        ...


class Run(TypedDict):
    """A run, its processes and its folder."""

    id: str
    command: list[str]
    process: "subprocess.Popen[bytes]"
    guard: "subprocess.Popen[bytes]"
    # With the files stdout and stderr; goes with the run.
    folder: RunFolder
    # Shows other Blenders that the folder is in use.
    owner: FileIO
    purpose: Purpose | None
    # The packages that were installed when it started, where its controller has looked.
    before: list[object] | None
    # Unix time.
    began: float
    # Both by the monotonic clock.
    started: float
    ended: float | None
    # Also its guard has ended, and with it all that pip had started.
    over: bool
    # A controller has followed it to its end.
    seen: bool
    # When each controller that follows it asked last, by the monotonic clock.
    followers: dict[str, float]


class Registry(Protocol):
    """``run``: this Blender's run, if any, which may have ended.

    ``cancelled``: the id of the run that was last ended before it was done.
    """

    run: Run | None
    cancelled: str | None


def registry() -> Registry:
    module = sys.modules.setdefault(REGISTRY, types.ModuleType(REGISTRY))
    module.__dict__.setdefault("run", None)
    module.__dict__.setdefault("cancelled", None)
    return cast("Registry", module)


def current_run(identity: str) -> Run | None:
    """Give the run with this id, if it is this Blender's."""
    run = registry().run
    return run if run is not None and run["id"] == identity else None


def current_stage() -> str | None:
    """Give the staging folder that this Blender's run fills."""
    run = registry().run
    purpose = None if run is None else run.get("purpose")
    return None if purpose is None else purpose.get("stage")


def is_unfinished(run: Run) -> bool:
    """Tell whether pip has filled a staging folder and nobody has moved it into place."""
    purpose = run.get("purpose")
    if purpose is None or purpose.get("part") != "user-modules":
        return False
    return run["over"] and run["process"].poll() == 0 and not run.get("seen", False)


def forget(run: Run) -> None:
    """Forget a run that has ended, and what it wrote."""
    registry().run = None
    run["owner"].close()
    run["folder"].cleanup()
