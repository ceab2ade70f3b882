"""The Python API of the service inside Blender: `import bld_remote`. Main thread only."""

import atexit
import sys
from threading import current_thread, main_thread

import bpy

from . import blender, main_loop, persist, settings
from .gui_timer import GuiTimer
from .server import Server

__all__ = [
    "get_command_queue_size",
    "get_mcp_service_port",
    "get_startup_options",
    "get_status",
    "is_background_mode",
    "is_mcp_service_up",
    "persist",
    "serve",
    "set_mcp_service_port",
    "start_mcp_service",
    "step",
    "stop_mcp_service",
]

_MODULE = "bld_remote"

_server: Server | None = None
_timer: GuiTimer | None = None
_serving = False


def publish() -> None:
    """Make this module importable as `bld_remote`."""
    sys.modules[_MODULE] = sys.modules[__name__]


def withdraw() -> None:
    """Undo publish()."""
    sys.modules.pop(_MODULE, None)


def start_mcp_service() -> None:
    """Start the service on the configured address; nothing if it runs.

    StartError, an OSError with its errno and a RuntimeError, if it can't listen on it; another
    OSError where it may not, or has no token to ask for.
    """
    global _server, _timer
    if is_mcp_service_up():
        return
    from . import bl_info  # Not at the top: the package imports this module first

    settings.check_host(host := settings.host())
    version = ".".join(map(str, bl_info["version"]))
    server = Server(blender.facts(), version, settings.token())
    server.start(host, settings.port(), settings.token_folder())
    _server = server
    if not server.facts.background:
        _timer = GuiTimer(server, on_stop=stop_mcp_service)
        _timer.start()
    server.open_file.watch()
    atexit.register(server.close)
    blender.mark_scene(True)


def stop_mcp_service() -> None:
    """Stop the service and disconnect its clients; nothing if it doesn't run."""
    global _server, _timer
    if _server is None:
        return
    if _timer is not None:
        _timer.stop()
    _server.open_file.unwatch()
    _server.close()
    atexit.unregister(_server.close)
    _server = _timer = None
    blender.mark_scene(False)


def serve() -> int:
    """Serve a Blender without a window until a client or a signal stops it; 0, an exit status.

    Starts the service if it doesn't run. RuntimeError in a Blender with a window (which a timer
    serves anyway), in code that it runs itself, and outside the main thread; StartError as
    start_mcp_service().
    """
    global _serving
    if not is_background_mode():
        raise RuntimeError("serve() is for a Blender without a window (--background)")
    if current_thread() is not main_thread():
        raise RuntimeError("serve() needs Blender's main thread")
    if _serving:
        raise RuntimeError("serve() is already running")
    start_mcp_service()
    blender.mark_scene(True)  # The service may have started before Blender had scenes
    _serving = True
    try:
        # Once more whenever a client's code has disabled the add-on and enabled it again.
        while (server := _running()) is not None:
            main_loop.serve(server)
    finally:
        _serving = False
        stop_mcp_service()
    return 0


def step() -> None:
    """Run the jobs that are waiting, without blocking, for a main loop of one's own.

    SystemExit(0) when a client has asked that a Blender without a window should quit.
    """
    server = _server
    if server is None:
        return
    while not server.stop_requested and server.jobs.run_next():
        pass
    if server.stop_requested and server.jobs.running_seconds is None:
        server.close()  # A job may have stopped it, and nothing ends its clients meanwhile
        stop_mcp_service()
        if server.quit_requested and server.facts.background:
            raise SystemExit(0)


def get_status() -> dict[str, object]:
    """Whether the service runs, and its port and address (port 0 when it doesn't)."""
    server = _running()
    host, port = (settings.host(), 0) if server is None else (server.host, server.port)
    return {
        "running": server is not None,
        "port": port,
        "address": f"{host}:{port}",
        "server_object": _server is not None,
    }


def is_mcp_service_up() -> bool:
    """Whether the service runs."""
    return _running() is not None


def get_startup_options() -> dict[str, object]:
    """The service's environment variables, and the port and start that follow from them."""
    return settings.startup_options()


def set_mcp_service_port(port_number: int) -> None:
    """Choose the port of the next start, 1024 to 65535 (ValueError); RuntimeError while it runs."""
    if is_mcp_service_up():
        raise RuntimeError("the port can't be changed while the service runs; stop it first")
    settings.set_port(port_number)


def get_mcp_service_port() -> int:
    """The port that the next start takes."""
    return settings.port()


def is_background_mode() -> bool:
    """Whether Blender runs without its window."""
    return bool(bpy.app.background)


def get_command_queue_size() -> int:
    """How many requests wait for the main thread."""
    return 0 if _server is None else _server.jobs.queued


def _running() -> Server | None:
    return _server if _server is not None and _server.running else None
