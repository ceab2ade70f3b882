"""Reads what the run that ``pip_run.py`` started has written.

A script of its own and short, because it is sent and compiled again and again while pip runs.
"""

import base64
import sys
import time
from pathlib import Path
from typing import Any

REGISTRY = "_blender_remote_pip"


def read(path: Path, offset: int, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:
        # A run that is ended loses its folder first.
        return b""


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take ``{"id", "follower", "stdout": offset, "stderr": offset, "limit"}``.

    Give ``{"stdout", "stderr"}`` (base64, of at most ``limit`` bytes each), ``returncode`` (null
    while pip runs or there is more to read), ``cancelled`` and ``seconds``, how long it ran. Where
    this run isn't known any more give ``{"cancelled"}`` alone.
    """
    registry = sys.modules.get(REGISTRY)
    run = getattr(registry, "run", None)
    cancelled = getattr(registry, "cancelled", None) == arguments["id"]
    if run is None or run["id"] != arguments["id"]:
        return {"cancelled": cancelled}
    now = time.monotonic()
    run["followers"][arguments["follower"]] = now
    # Asked first: what pip wrote before it ended is then in the files that are read after.
    code = run["process"].poll()
    ended = run["ended"]
    folder, limit = Path(run["folder"].name), arguments["limit"]
    out = read(folder / "stdout", arguments["stdout"], limit)
    err = read(folder / "stderr", arguments["stderr"], limit)
    return {
        "stdout": base64.b64encode(out).decode("ascii"),
        "stderr": base64.b64encode(err).decode("ascii"),
        "returncode": None if out or err else code,
        "cancelled": cancelled,
        "seconds": (now if ended is None else ended) - run["started"],
    }
