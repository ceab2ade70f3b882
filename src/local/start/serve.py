"""Runs in the Blender that `start` starts: reports how the service is, and serves without a window.

The report is the file that BLENDER_REMOTE_REPORT names: ``{"state", "pid", "message"}``, where the
state is "serving", "addon-missing", "addon-old", "port-in-use" or "error".
"""

import errno
import json
import os
import sys
import traceback

import bpy


def report(path: str, state: str, message: str = "") -> None:
    """Write the report in one step, so that it is never seen in part."""
    part = f"{path}.part"
    with open(part, "w", encoding="utf-8") as file:
        json.dump({"state": state, "pid": os.getpid(), "message": message}, file)
    os.replace(part, path)


def main(path: str) -> None:
    """Serve until the service is stopped; with a window, only see that it has started."""
    service = sys.modules.get("bld_remote")
    if service is None:
        report(path, "addon-missing")
        sys.exit(1)
    if not hasattr(service, "serve"):
        report(path, "addon-old")
        sys.exit(1)
    try:
        service.start_mcp_service()
    except OSError as error:
        # Windows says WSAEACCES where another program holds the port for itself.
        used = error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEACCES", None))
        report(path, "port-in-use" if used else "error", str(error))
        sys.exit(1)
    except Exception:
        report(path, "error", traceback.format_exc())
        sys.exit(1)
    report(path, "serving")
    if bpy.app.background:
        service.serve()


main(os.environ.pop("BLENDER_REMOTE_REPORT"))
