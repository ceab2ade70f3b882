"""Starts pip beside Blender, one run at a time; says what runs, and ends it.

No call waits for pip: it is a process of its own whose output goes to files, which
``pip_output.py`` reads, so that Blender stays responsive and no server's time limit for one command
matters. ``pip_guard.py`` sees to it that no run outlives this Blender.
"""

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:
    fcntl = None

# Every call runs in a namespace of its own; a module is what stays between them. `pip_output.py`
# knows it as well.
REGISTRY = "_blender_remote_pip"

# `pip_guard.py` knows it as well.
MARKER = "BLENDER_REMOTE_PIP_RUN"

PREFIX = "blender-remote-pip-"

# A controller that hasn't asked for so long isn't there any more.
FOLLOWER_SECONDS = 10

Run = dict[str, Any]


def registry() -> types.ModuleType:
    """Give the module that holds ``run``, this Blender's run: None, or one that may have ended.

    And ``cancelled``, the id of the one that was last ended before it was done.
    """
    module = sys.modules.setdefault(REGISTRY, types.ModuleType(REGISTRY))
    module.__dict__.setdefault("run", None)
    module.__dict__.setdefault("cancelled", None)
    return module


def describe(run: Run) -> dict[str, Any]:
    """Give ``{"id", "pid", "command", "purpose", "began", "seconds", "returncode", "seen"}``.

    ``began`` is Unix time. ``returncode`` is null while it runs, or its guard is still busy with
    what it started. ``seen``: a controller has followed it to its end.
    """
    ended = run["ended"]
    seconds = (time.monotonic() if ended is None else ended) - run["started"]
    return {
        "id": run["id"],
        "pid": run["process"].pid,
        "command": run["command"],
        # Another version of this script, which knew less of runs, may have started it.
        "purpose": run.get("purpose"),
        "began": run.get("began", time.time() - seconds),
        "seconds": seconds,
        "returncode": run["process"].poll() if run["over"] else None,
        "seen": run.get("seen", False),
    }


def is_unfinished(run: Run) -> bool:
    """Tell whether pip has filled a staging folder and nobody has moved it into place."""
    purpose = run.get("purpose") or {}
    done = run["over"] and run["process"].poll() == 0
    return done and not run.get("seen", False) and purpose.get("part") == "user-modules"


def discard(run: Run) -> None:
    """Forget a run that has ended, and what it wrote."""
    registry().run = None
    run["owner"].close()
    run["folder"].cleanup()


# Folders of runs


def hold(path: Path) -> io.BufferedWriter:
    """Create a file that tells other processes, as long as it's open, that its folder is in use."""
    file = path.open("wb")
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX)
    return file


def is_held(path: Path) -> bool:
    """Tell whether the process that holds a file is still there; this may remove the file."""
    try:
        if fcntl is None:
            # Windows doesn't remove a file that is open.
            path.unlink()
        else:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def remove_leftovers() -> None:
    """Remove the folders of runs whose Blender is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # The output files come after the file that is held, so this is no folder in the making.
        # Not Path.exists: it raises where the folder is somebody else's.
        if os.path.exists(folder / "stdout") and not is_held(folder / "owner"):
            shutil.rmtree(folder, ignore_errors=True)


# Starting


def environment(arguments: dict[str, Any], temporary: Path) -> dict[str, str]:
    """Give pip's environment: nothing of Blender's Python settings; isolated: none of pip's.

    pip's temporary files go into the run's folder: so nothing of a run that is ended stays behind.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if arguments["isolated"]:
        kept = {name: value for name, value in kept.items() if not name.startswith("PIP_")}
        kept["PIP_CONFIG_FILE"] = os.devnull
    kept["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    kept["PIP_NO_INPUT"] = "1"
    kept[MARKER] = arguments["id"]
    kept.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)))
    return {**kept, **arguments["env"]}


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its group, where there are groups."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def launch(arguments: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Start pip and its guard: give ``{"process", "guard"}``."""
    command, identity = arguments["command"], arguments["id"]
    source, temporary, empty = folder / "pip_guard.py", folder / "tmp", folder / "empty"
    source.write_text(arguments["guard"], encoding="utf-8")
    temporary.mkdir()
    empty.mkdir()
    nowhere = subprocess.DEVNULL
    # Out of reach of a Ctrl-C in Blender's terminal, and without a window.
    apart: dict[str, Any] = {
        "start_new_session": os.name == "posix",
        "creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0),
    }
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(
            command,
            stdin=nowhere,
            stdout=out,
            stderr=err,
            cwd=empty if arguments["cwd"] == "" else arguments["cwd"],
            env=environment(arguments, temporary),
            **apart,
        )
    try:
        guard = subprocess.Popen(
            [command[0], "-I", "-S", str(source), str(folder), str(process.pid), identity],
            # Closes when Blender ends: no other process gets this end.
            stdin=subprocess.PIPE,
            stdout=nowhere,
            stderr=nowhere,
            bufsize=0,
            **apart,
        )
    except BaseException:
        end_group(process)
        process.wait()
        raise
    return {"process": process, "guard": guard}


def wait_for(run: Run) -> None:
    """Take note of the end; so no process is ever left a zombie, whether or not anyone asks."""
    run["process"].wait()
    run["ended"] = time.monotonic()
    guard = run["guard"]
    # The guard may have been told to end the run, or be gone itself.
    with contextlib.suppress(OSError, ValueError), guard.stdin as word:
        word.write(b".")
    guard.wait()
    run["over"] = True


def start(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"id", "command": [str], "cwd", "env": {str: str}, "isolated": bool, "guard"}``.

    ``command`` begins with a Python interpreter, which runs the guard too. ``cwd`` is null for
    Blender's own folder, empty for a fresh one; ``guard`` is the text of ``pip_guard.py``. What
    controllers want to know of the run, ``purpose`` and ``before``, is kept for ``look``. Give
    ``{"busy": null}``, or in it the run that keeps this one from being started: one that goes on,
    or an install that is to be finished.
    """
    run = registry().run
    if run is not None:
        if not run["over"] or is_unfinished(run):
            return {"busy": describe(run)}
        # Its controller is gone, and nobody came for its output.
        discard(run)
    remove_leftovers()
    # Removed when Blender ends, at the latest.
    folder = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
    try:
        owner = hold(Path(folder.name) / "owner")
        try:
            processes = launch(arguments, Path(folder.name))
        except BaseException:
            owner.close()
            raise
    except BaseException:
        folder.cleanup()
        raise
    run = {
        "id": arguments["id"],
        "command": arguments["command"],
        **processes,
        "folder": folder,
        "owner": owner,
        "purpose": arguments["purpose"],
        "before": arguments["before"],
        "began": time.time(),
        "started": time.monotonic(),
        "ended": None,
        "over": False,
        "seen": False,
        # When each controller that follows it asked last.
        "followers": {},
    }
    registry().run = run
    threading.Thread(target=wait_for, args=(run,), name="blender-remote pip", daemon=True).start()
    return {"busy": None}


# Afterwards


def look(_: dict[str, Any]) -> dict[str, Any]:
    """Give in ``run`` the run there is; null where there is none."""
    run = registry().run
    return {"run": None if run is None else describe(run)}


def look_before(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"id"}``; give in ``before`` what was kept under that name when this run started."""
    run = registry().run
    if run is None or run["id"] != arguments["id"]:
        return {"before": None}
    return {"before": run.get("before")}


def cancel(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"id"}`` and let this run be ended; give what ``look`` gives of it.

    Its end is a matter of milliseconds, on Windows of more: ``look`` tells.
    """
    run = registry().run
    if run is None or run["id"] != arguments["id"]:
        return {"run": None}
    if run["process"].poll() is None:
        registry().cancelled = run["id"]
        run["guard"].stdin.close()
        if run["guard"].poll() is not None:
            end_group(run["process"])
    return {"run": describe(run)}


def finish(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"id", "follower"}``: this controller has seen the end of a run.

    When no other one follows it still, or ``follower`` is null, the run is forgotten. Else it waits
    for the others, though ``seen``.
    """
    run = registry().run
    if run is None or run["id"] != arguments["id"] or run["process"].poll() is None:
        return {}
    run["seen"] = True
    follower, followers = arguments["follower"], run["followers"]
    followers.pop(follower, None)
    now = time.monotonic()
    others = any(now - asked <= FOLLOWER_SECONDS for asked in followers.values())
    if follower is None or not others:
        discard(run)
    return {}


ACTIONS = {
    "start": start,
    "look": look,
    "look_before": look_before,
    "cancel": cancel,
    "finish": finish,
}


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Do ``arguments["action"]``."""
    return ACTIONS[arguments["action"]](arguments)
