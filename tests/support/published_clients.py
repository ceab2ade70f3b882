"""Drives the published Python client and MCP server against the service on a port.

Takes the port; prints one JSON object: by client, what each call gave, or the error that it raised.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable

from blender_remote import BlenderMCPClient, BlenderSceneManager
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

CODE = "import bpy; print('ä', bpy.app.version[0])"


def _tried(call: Callable[[], object]) -> object:
    try:
        return call()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


async def _awaited(call: Awaitable[object]) -> object:
    try:
        return await call
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _python_client(port: int) -> dict[str, object]:
    client = BlenderMCPClient("127.0.0.1", port)
    scene = BlenderSceneManager(client)
    return {
        "execute_python": _tried(lambda: client.execute_python(CODE)),
        "as text": _tried(lambda: client.execute_python(CODE, False, False)),
        "get_scene_info": _tried(lambda: client.execute_command("get_scene_info")["status"]),
        "list_objects": _tried(lambda: len(scene.list_objects())),
    }


async def _mcp_server(port: int) -> dict[str, object]:
    where = ["--blender-host", "127.0.0.1", "--blender-port", str(port)]
    program = ["-c", "from blender_remote import mcp_server_main; mcp_server_main()"]
    command, environment = sys.executable, dict(os.environ)
    transport = StdioTransport(command=command, args=[*program, *where], env=environment)
    async with Client(transport) as client:

        async def called(tool: str, **arguments: object) -> object:
            result = await client.call_tool(tool, arguments, raise_on_error=False)
            return result.data if result.data is not None else str(result.content)

        return {
            "tools": sorted(tool.name for tool in await client.list_tools()),
            "execute_code": await _awaited(called("execute_code", code=CODE)),
            "get_scene_info": await _awaited(called("get_scene_info")),
            "put_persist_data": await _awaited(called("put_persist_data", key="a", data=[1])),
            "get_persist_data": await _awaited(called("get_persist_data", key="a")),
        }


def main() -> None:
    """Try both, one after the other."""
    port = int(sys.argv[1])
    found = {"python": _python_client(port), "mcp": asyncio.run(_mcp_server(port))}
    print(json.dumps(found, default=str))


main()
