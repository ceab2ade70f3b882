"""BLD Remote MCP, a Blender add-on: other programs run Python in Blender over TCP and JSON."""

import inspect

import bpy
from bpy.props import BoolProperty

from . import api, log, settings, unregistering

bl_info = {
    "name": "BLD Remote MCP",
    "author": "The blender-remote-cli developers",
    "version": (2, 0, 0),
    "blender": (3, 3, 0),
    "location": "No user interface; see the Python module bld_remote",
    "description": "Lets programs outside Blender run Python in it, with or without its window",
    "category": "Development",
}


def register() -> None:
    """Make `bld_remote` importable and, where the environment asks for it, start the service.

    A service that can't start is logged and never keeps Blender from starting.
    """
    log.enable()
    bpy.types.Scene.bld_remote_server_running = BoolProperty(
        name="BLD Remote Server Running",
        description="Whether the BLD Remote service is running",
        default=False,
    )
    api.publish()
    if settings.start_now():
        try:
            api.start_mcp_service()
        except OSError as error:
            log.logger.error("%s", error)


def unregister() -> None:
    """Stop the service and take everything back that register() made.

    Not where Blender resets all add-ons while the service runs: then it goes on, and with it the
    code of a client that has just loaded factory settings.
    """
    global __addon_enabled__, __addon_persistent__
    if api.is_mcp_service_up() and not unregistering.is_meant(inspect.currentframe()):
        # Blender's own notes. The second means "for all of this session", as for --addons: without
        # them, disabling this add-on later would only say that it isn't enabled.
        __addon_enabled__ = __addon_persistent__ = True
        return
    api.stop_mcp_service()
    api.withdraw()
    del bpy.types.Scene.bld_remote_server_running
    log.disable()
