"""Runs in the Blender that `start` starts: reports how the service is, and serves without a window.

The report is the file that BLENDER_REMOTE_REPORT names: ``{"state", "pid", "message"}``, where the
state is "serving", "addon-missing", "addon-old", "port-in-use" or "error".

It is over when it is read, while Blender goes on: nothing may need this file later, and nothing of
it stays in ``__main__``, where the code that the service runs would see it.
"""


def serve() -> None:
    """Serve until the service is stopped; with a window, only see that it has started."""
    import errno
    import json
    import os
    import sys
    import traceback
    import types

    import bpy

    path = os.environ.pop("BLENDER_REMOTE_REPORT")
    # Not in the environment: the processes that Blender starts would say it of themselves.
    started = types.ModuleType("_blender_remote_started")
    with open(os.path.join(os.path.dirname(path), "started.json"), encoding="utf-8") as file:
        vars(started)["record"] = file.read()
    sys.modules[started.__name__] = started

    def report(state: str, message: str = "") -> None:
        """Write the report in one step, so that it is never seen in part."""
        part = f"{path}.part"
        with open(part, "w", encoding="utf-8") as file:
            json.dump({"state": state, "pid": os.getpid(), "message": message}, file)
        os.replace(part, path)

    service = sys.modules.get("bld_remote")
    if service is None:
        report("addon-missing")
        sys.exit(1)
    if not hasattr(service, "serve"):
        report("addon-old")
        sys.exit(1)
    try:
        service.start_mcp_service()
    except OSError as error:
        # Windows says WSAEACCES where another program holds the port for itself.
        used = error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEACCES", None))
        report("port-in-use" if used else "error", str(error))
        sys.exit(1)
    except Exception:
        report("error", traceback.format_exc())
        sys.exit(1)
    report("serving")
    if bpy.app.background:
        try:
            service.serve()
        finally:
            # multiprocessing has given this module a second name. Blender takes it apart when the
            # script has ended, and crashes at its own end where it is still to be found (3.4).
            sys.modules.pop("__mp_main__", None)


# A process that code starts with multiprocessing's "spawn" runs the file of its parent's __main__
# again, under another name. Without __file__ it does so for no file, as with `python3 -c`.
if __name__ == "__main__":
    globals().pop("__file__", None)
    globals().pop("serve")()
