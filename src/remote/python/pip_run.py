"""Starts pip beside Blender, and lets short calls follow, cancel and finish it.

No call waits for pip: it is a process of its own whose output goes to files, so that Blender stays
responsive and no server's time limit for one command matters.
"""

import base64
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

# Every call runs in a namespace of its own; a module is what stays between them.
REGISTRY = "_blender_remote_pip_runs"


def runs() -> dict[str, dict[str, Any]]:
    """Give the runs of this Blender by their id."""
    registry = sys.modules.setdefault(REGISTRY, types.ModuleType(REGISTRY))
    return registry.__dict__.setdefault("runs", {})


def environment(isolated: bool) -> dict[str, str]:
    """Give pip's environment: nothing of Blender's Python settings; isolated: none of pip's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if isolated:
        kept = {name: value for name, value in kept.items() if not name.startswith("PIP_")}
        kept["PIP_CONFIG_FILE"] = os.devnull
    kept["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    kept["PIP_NO_INPUT"] = "1"
    return kept


def start(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"id", "command": [str], "isolated": bool}``; give ``{"pid"}``."""
    folder = Path(tempfile.mkdtemp(prefix="blender-remote-pip-"))
    try:
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            process = subprocess.Popen(
                arguments["command"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=environment(arguments["isolated"]),
                # A group of its own, so that cancelling reaches pip's own children as well.
                start_new_session=os.name == "posix",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    runs()[arguments["id"]] = {"process": process, "folder": folder}
    return {"pid": process.pid}


def read(path: Path, offset: int, limit: int) -> str:
    with path.open("rb") as file:
        file.seek(offset)
        return base64.b64encode(file.read(limit)).decode("ascii")


def follow(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"id", "stdout": offset, "stderr": offset, "limit"}``.

    Give ``{"stdout", "stderr"}`` (base64, at most ``limit`` bytes each) and ``returncode``: null
    while pip runs or there is more to read.
    """
    run = runs()[arguments["id"]]
    # Asked first: what pip wrote before it ended is then in the files that are read after.
    code = run["process"].poll()
    limit = arguments["limit"]
    out = read(run["folder"] / "stdout", arguments["stdout"], limit)
    err = read(run["folder"] / "stderr", arguments["stderr"], limit)
    if out or err:
        code = None
    return {"stdout": out, "stderr": err, "returncode": code}


def end_tree(process: "subprocess.Popen[bytes]") -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=False)
    process.wait(10)


def finish(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"id"}``: end pip with all its children when it still runs, and tidy up."""
    run = runs().pop(arguments["id"], None)
    if run is None:
        return {"cancelled": False}
    running = run["process"].poll() is None
    if running:
        end_tree(run["process"])
    shutil.rmtree(run["folder"], ignore_errors=True)
    return {"cancelled": running}


ACTIONS = {"start": start, "follow": follow, "finish": finish}


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Do ``arguments["action"]``."""
    return ACTIONS[arguments["action"]](arguments)
