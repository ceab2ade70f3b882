"""Tells of this Blender's pip run and what it writes, ends it, and forgets it once it was seen."""

import base64
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TypedDict

from masking import masked
from pip_registry import (
    FILES,
    REPORT,
    Purpose,
    Run,
    current_run,
    forget,
    is_unfinished,
    registry,
)

# A controller that hasn't asked for so long is gone.
FOLLOWER_SECONDS = 10


class Description(TypedDict):
    """A run as controllers see it, without the passwords of URLs."""

    id: str
    pid: int
    command: list[str]
    purpose: Purpose | None
    # Unix time.
    began: float
    # How long it has been running, or ran.
    seconds: float
    # Null while it runs, or its guard still ends what it started.
    returncode: int | None
    # A controller has followed it to its end.
    seen: bool
    # pip has filled a staging folder that nobody has moved into place.
    unfinished: bool


class Found(TypedDict):
    """Null where there is no such run."""

    run: Description | None


class Before(TypedDict):
    """What was kept under that name when the run started."""

    before: list[object] | None


class Gone(TypedDict):
    """All that is known of a run that was forgotten."""

    cancelled: bool


class Output(TypedDict):
    """What a run wrote, in base64, and how it ended."""

    stdout: str
    stderr: str
    # Null while pip runs or there is more to read.
    returncode: int | None
    cancelled: bool
    seconds: float
    # What it wrote for its controller, once it has ended; null where that is nothing.
    report: str | None


class Reading(TypedDict):
    """Which run's output a controller asks for, and from which offsets on."""

    id: str
    follower: str
    stdout: int
    stderr: int
    # Most bytes of each.
    limit: int


class Finishing(TypedDict):
    """Which run's end a controller has seen; without ``follower`` nobody else needs it either."""

    id: str
    follower: str | None


class RunIdentity(TypedDict):
    """Which run is meant."""

    id: str


def seconds_of(run: Run) -> float:
    ended = run["ended"]
    return (time.monotonic() if ended is None else ended) - run["started"]


def purpose_of(run: Run) -> Purpose | None:
    # Another version of these scripts, which knew less of runs, may have started it.
    purpose = run.get("purpose")
    if purpose is None:
        return None
    return {**purpose, "line": [masked(word) for word in purpose["line"]]}


def describe(run: Run) -> Description:
    seconds = seconds_of(run)
    return {
        "id": run["id"],
        "pid": run["process"].pid,
        "command": [masked(word) for word in run["command"]],
        "purpose": purpose_of(run),
        "began": run.get("began", time.time() - seconds),
        "seconds": seconds,
        "returncode": run["process"].poll() if run["over"] else None,
        "seen": run.get("seen", False),
        "unfinished": is_unfinished(run),
    }


def look(_: object) -> Found:
    """Give this Blender's run."""
    run = registry().run
    return {"run": None if run is None else describe(run)}


def look_before(arguments: RunIdentity) -> Before:
    """Give what was installed before a run."""
    run = current_run(arguments["id"])
    return {"before": None if run is None else run.get("before")}


def part_of(path: Path, offset: int, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:
        # A run that is ended loses its folder first.
        return b""


def report_of(folder: Path) -> str | None:
    try:
        return (folder / FILES / REPORT).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def read(arguments: Reading) -> Output | Gone:
    """Give what a run has written since, and its end."""
    cancelled = registry().cancelled == arguments["id"]
    run = current_run(arguments["id"])
    if run is None:
        return {"cancelled": cancelled}
    run["followers"][arguments["follower"]] = time.monotonic()
    # Asked first: what pip wrote before it ended is then in the files that are read after.
    code = run["process"].poll()
    seconds = seconds_of(run)
    folder, limit = Path(run["folder"].name), arguments["limit"]
    out = part_of(folder / "stdout", arguments["stdout"], limit)
    err = part_of(folder / "stderr", arguments["stderr"], limit)
    ended = None if out or err else code
    return {
        "stdout": base64.b64encode(out).decode("ascii"),
        "stderr": base64.b64encode(err).decode("ascii"),
        "returncode": ended,
        "cancelled": cancelled,
        "seconds": seconds,
        "report": None if ended is None else report_of(folder),
    }


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its group, where there are groups."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def end_run(run: Run) -> None:
    """Have the guard end a run with all that it has started."""
    if run["guard"].stdin is not None:
        run["guard"].stdin.close()
    if run["guard"].poll() is not None:
        end_group(run["process"])


def cancel(arguments: RunIdentity) -> Found:
    """Let a run be ended, also one whose start is still on its way.

    Its end is a matter of milliseconds, on Windows of more: ``look`` tells.
    """
    run = current_run(arguments["id"])
    if run is None:
        # A start looks at this when its run is known; so one of the two sees the other.
        registry().cancelled = arguments["id"]
        run = current_run(arguments["id"])
        if run is None:
            return {"run": None}
    if run["process"].poll() is None:
        registry().cancelled = run["id"]
        end_run(run)
    return {"run": describe(run)}


def finish(arguments: Finishing) -> dict[str, object]:
    """Take note that a controller has seen the end of a run; give ``{}``.

    When no other one follows it still, the run is forgotten. Else it waits for the others, though
    ``seen``.
    """
    run = current_run(arguments["id"])
    if run is None or run["process"].poll() is None:
        return {}
    run["seen"] = True
    follower, followers = arguments["follower"], run["followers"]
    if follower is not None:
        followers.pop(follower, None)
    now = time.monotonic()
    others = any(now - asked <= FOLLOWER_SECONDS for asked in followers.values())
    if follower is None or not others:
        forget(run)
    return {}
