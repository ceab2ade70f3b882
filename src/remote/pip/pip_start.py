"""Starts pip beside Blender, one run at a time, with its guard and a folder for what it writes.

No call waits for pip: it is a process of its own whose output goes to files, so that Blender stays
responsive and no server's time limit for one command matters. ``pip_guard.py`` sees to it that no
run outlives this Blender.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TypedDict

from file_lock import hold, is_held
from pip_registry import FILES, Purpose, Run, forget, is_unfinished, registry
from pip_watch import Description, describe, end_group

# In the environment of everything that pip starts: by it the guard finds what has left its group.
MARKER = "BLENDER_REMOTE_PIP_RUN"

PREFIX = "blender-remote-pip-"


class OwnFile(TypedDict):
    """A file of the run's own, by its name."""

    file: str


class PipOrder(TypedDict):
    """What to run."""

    id: str
    # Begins with a Python interpreter, which runs the guard too. ``{"file": NAME}`` stands for the
    # path of a file of the run's own.
    command: "list[str | OwnFile]"
    # What these files hold; one that isn't here is the program's to write.
    files: dict[str, str]
    # Null for Blender's own folder, empty for a fresh one.
    cwd: str | None
    env: dict[str, str]
    # Without pip's configuration.
    isolated: bool
    # The text of `pip_guard.py`.
    guard: str
    # What controllers want to know of the run.
    purpose: Purpose | None
    before: list[object] | None


class StartedPip(TypedDict):
    """``busy``: the run that kept this one from being started."""

    busy: Description | None


def remove_leftovers() -> None:
    """Remove the folders of runs whose Blender is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # The output files come after the file that is held, so this is no folder in the making.
        # Not Path.exists: it raises where the folder is somebody else's.
        if os.path.exists(folder / "stdout") and is_held(folder / "owner") is False:
            shutil.rmtree(folder, ignore_errors=True)


def environment(order: PipOrder, temporary: Path) -> dict[str, str]:
    """Give pip's environment: nothing of Blender's Python settings; isolated: none of pip's.

    pip's temporary files go into the run's folder: so nothing of a run that is ended stays behind.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if order["isolated"]:
        kept = {name: value for name, value in kept.items() if not name.startswith("PIP_")}
        kept["PIP_CONFIG_FILE"] = os.devnull
    kept["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    kept["PIP_NO_INPUT"] = "1"
    kept[MARKER] = order["id"]
    kept.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)))
    return {**kept, **order["env"]}


def launch(
    order: PipOrder, folder: Path
) -> "tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]":
    """Start pip and its guard."""
    own = folder / FILES
    own.mkdir()
    for name, text in order["files"].items():
        (own / name).write_text(text, encoding="utf-8")
    command = [
        part if isinstance(part, str) else str(own / part["file"]) for part in order["command"]
    ]
    source, temporary, empty = folder / "pip_guard.py", folder / "tmp", folder / "empty"
    source.write_text(order["guard"], encoding="utf-8")
    temporary.mkdir()
    empty.mkdir()
    # Out of reach of a Ctrl-C in Blender's terminal, and without a window.
    own_session = os.name == "posix"
    no_window = int(getattr(subprocess, "CREATE_NO_WINDOW", 0))
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=empty if order["cwd"] == "" else order["cwd"],
            env=environment(order, temporary),
            start_new_session=own_session,
            creationflags=no_window,
        )
    watch = [command[0], "-I", "-S", str(source)]
    try:
        guard = subprocess.Popen(
            [*watch, str(folder), str(process.pid), f"{MARKER}={order['id']}"],
            # Closes when Blender ends: no other process gets this end.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=own_session,
            creationflags=no_window,
        )
    except BaseException:
        end_group(process)
        process.wait()
        raise
    return process, guard


def wait_for(run: Run) -> None:
    """Take note of the end; so no process is ever left a zombie, whether or not anyone asks."""
    run["process"].wait()
    run["ended"] = time.monotonic()
    guard = run["guard"]
    # The guard may have been told to end the run, or be gone itself.
    if guard.stdin is not None:
        with contextlib.suppress(OSError, ValueError), guard.stdin as word:
            word.write(b".")
    guard.wait()
    run["over"] = True


def main(order: PipOrder) -> StartedPip:
    """Start a run, unless one goes on, or is an install that nobody has finished."""
    before = registry().run
    if before is not None:
        if not before["over"] or is_unfinished(before):
            return {"busy": describe(before)}
        # Its controller is gone, and nobody came for its output.
        forget(before)
    remove_leftovers()
    # Removed when Blender ends, at the latest.
    folder = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
    try:
        owner = hold(Path(folder.name) / "owner")
        try:
            process, guard = launch(order, Path(folder.name))
        except BaseException:
            owner.close()
            raise
    except BaseException:
        folder.cleanup()
        raise
    run: Run = {
        "id": order["id"],
        "command": [part if isinstance(part, str) else part["file"] for part in order["command"]],
        "process": process,
        "guard": guard,
        "folder": folder,
        "owner": owner,
        "purpose": order["purpose"],
        "before": order["before"],
        "began": time.time(),
        "started": time.monotonic(),
        "ended": None,
        "over": False,
        "seen": False,
        "followers": {},
    }
    registry().run = run
    threading.Thread(target=wait_for, args=(run,), name="blender-remote pip", daemon=True).start()
    return {"busy": None}
