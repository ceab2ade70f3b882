"""Starts pip beside Blender, one run at a time, with its guard and a folder for what it writes.

No call waits for pip: it is a process of its own whose output goes to files, so that Blender stays
responsive and no server's time limit for one command matters. ``pip_guard.py`` sees to it that no
run outlives this Blender. While one may change packages it holds the locks of their folders
(``site_lock.py``).
"""

import contextlib
import errno
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple, TypedDict

from held_folder import HeldFolder, make_held
from pip_registry import FILES, Purpose, Run, forget, is_unfinished, registry
from pip_settings import PipConfigError, undecided
from pip_watch import Description, describe, end_group, end_run
from python_folders import site_folders
from site_lock import Release, release_all, take_all
from windows_job import close, given_to_child, job_of

# In the environment of everything that pip starts: by it the guard finds what has left its group.
MARKER = "BLENDER_REMOTE_PIP_RUN"

PREFIX = "blender-remote-pip-"

# For the end of a run, which is a matter of milliseconds.
ENDING_SECONDS = 5


class OwnFile(TypedDict):
    """A file of the run's own, by its name."""

    file: str


class Decided(TypedDict):
    """Settings that aren't Blender's machine's to make: ``names`` of pip's ``command``."""

    command: str
    names: list[str]


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
    # None removes a variable, in whatever case its name is.
    env: dict[str, str | None]
    # Without pip's configuration.
    isolated: bool
    decided: Decided | None
    # Whether it changes packages, so that nobody else may do so meanwhile.
    changes: bool
    # The text of `pip_guard.py`.
    guard: str
    # What controllers want to know of the run.
    purpose: Purpose | None
    before: list[object] | None


class StartedPip(TypedDict):
    """``busy``: the run that kept this one from being started."""

    busy: Description | None
    # The folder in which another Blender changes packages, which kept it as well.
    taken: str | None
    # The folder for temporary files, on a disk that was too full to begin.
    full: str | None
    # Where settings stand that pip was kept from.
    left_out: list[str]
    # What paths of temporary files of the run begin with.
    temporary: str | None


def environment(order: PipOrder, temporary: Path) -> "tuple[dict[str, str], list[str]]":
    """Give pip's environment, and where the settings stand that were kept out of it.

    Nothing of Blender's Python settings is in it; isolated: none of pip's. pip's temporary files go
    into the run's folder: so nothing of a run that is ended stays behind. The Pythons that pip
    starts, to build something, write UTF-8 as it does itself, whatever the system's code page.
    """
    kept, left_out, decided = dict(os.environ), [], order["decided"]
    if decided is not None:
        # Where a file can't be read, pip stops and says so itself.
        with contextlib.suppress(PipConfigError):
            kept, left_out = undecided(decided["command"], decided["names"], kept)
    # The last one makes Python take itself for another one, on macOS.
    dropped = {name for name, value in order["env"].items() if value is None}
    dropped = {name.upper() for name in dropped} | {"__PYVENV_LAUNCHER__"}
    kept = {
        name: value
        for name, value in kept.items()
        if not name.startswith("PYTHON") and name.upper() not in dropped
    }
    if order["isolated"]:
        kept = {name: value for name, value in kept.items() if not name.startswith("PIP_")}
        kept["PIP_CONFIG_FILE"] = os.devnull
    kept["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    kept["PIP_NO_INPUT"] = "1"
    kept["PYTHONUTF8"] = "1"
    kept[MARKER] = order["id"]
    # Else a git or uname in Blender's current folder may be taken, which needn't be the user's own:
    # by an entry of PATH that isn't absolute, on Windows in any case.
    kept["NoDefaultCurrentDirectoryInExePath"] = "1"
    folders = [one for one in kept.pop("PATH", "").split(os.pathsep) if os.path.isabs(one)]
    # One without any folder would mean the current one.
    if folders:
        kept["PATH"] = os.pathsep.join(folders)
    kept.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)))
    kept.update({name: value for name, value in order["env"].items() if value is not None})
    return kept, left_out


def launch(
    order: PipOrder, folder: Path
) -> "tuple[subprocess.Popen[bytes], subprocess.Popen[bytes], list[str]]":
    """Start pip and its guard; also give where the settings stand that pip was kept from."""
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
    env, left_out = environment(order, temporary)
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
            env=env,
            start_new_session=own_session,
            creationflags=no_window,
        )
    watch = [command[0], "-I", "-S", "-X", "utf8", str(source)]
    job = None
    try:
        job = job_of(process)
        leader = process.pid if own_session else job or ""
        guard = subprocess.Popen(
            [*watch, str(folder), str(leader), f"{MARKER}={order['id']}"],
            # Closes when Blender ends: no other process gets this end.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=own_session,
            creationflags=no_window,
            startupinfo=given_to_child(job),
        )
    except BaseException:
        end_group(process)
        process.wait()
        raise
    finally:
        # From now on it is the guard's alone.
        close(job)
    return process, guard, left_out


def wait_for(run: Run, locks: list[Release]) -> None:
    """Take note of the end; so no process is ever left a zombie, whether or not anyone asks."""
    run["process"].wait()
    run["ended"] = time.monotonic()
    guard = run["guard"]
    # The guard may have been told to end the run, or be gone itself.
    if guard.stdin is not None:
        with contextlib.suppress(OSError, ValueError), guard.stdin as word:
            word.write(b".")
    guard.wait()
    release_all(locks)
    run["over"] = True


class Begun(NamedTuple):
    """A run that has begun."""

    folder: HeldFolder
    process: "subprocess.Popen[bytes]"
    guard: "subprocess.Popen[bytes]"
    left_out: list[str]


def begin(order: PipOrder) -> Begun:
    """Make the folder, hold it, and start pip."""
    folder = make_held(PREFIX)
    try:
        return Begun(folder, *launch(order, Path(folder.name)))
    except BaseException:
        folder.cleanup()
        raise


def run_of(order: PipOrder, begun: Begun) -> Run:
    return {
        "id": order["id"],
        "command": [part if isinstance(part, str) else part["file"] for part in order["command"]],
        "process": begun.process,
        "guard": begun.guard,
        "folder": begun.folder,
        "owner": begun.folder.owner,
        "purpose": order["purpose"],
        "before": order["before"],
        "began": time.time(),
        "started": time.monotonic(),
        "ended": None,
        "over": False,
        "seen": False,
        "followers": {},
    }


def main(order: PipOrder) -> StartedPip:
    """Start a run, unless one goes on, or is an install that nobody has finished.

    One that was cancelled before it had begun, which is possible beside this, leaves nothing.
    """
    answer: StartedPip = {
        "busy": None,
        "taken": None,
        "full": None,
        "left_out": [],
        "temporary": None,
    }
    if registry().cancelled == order["id"]:
        return answer
    before = registry().run
    if before is not None:
        if not before["over"] or is_unfinished(before):
            return {**answer, "busy": describe(before)}
        # Its controller is gone, and nobody came for its output.
        forget(before)
    locks = take_all(site_folders()) if order["changes"] else []
    if isinstance(locks, str):
        return {**answer, "taken": locks}
    try:
        begun = begin(order)
    except BaseException as error:
        release_all(locks)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return {**answer, "full": tempfile.gettempdir()}
        raise
    registry().run = run = run_of(order, begun)
    waiting = threading.Thread(
        target=wait_for, args=(run, locks), name="blender-remote pip", daemon=True
    )
    waiting.start()
    if registry().cancelled == order["id"]:
        end_run(run)
        waiting.join(ENDING_SECONDS)
        # What outlasts a kill stays known.
        if run["over"]:
            forget(run)
    temporary = str(Path(begun.folder.name) / "tmp")
    return {**answer, "left_out": begun.left_out, "temporary": temporary}
