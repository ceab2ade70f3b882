"""A program for test_main_loop.py: the add-on in background, serving on its main thread.

Takes Python as its argument, run before it serves; prints the port, then serves, then says so.
"""

import sys
from pathlib import Path

sys.path[:0] = [
    str(Path(__file__).parent),
    str(Path(__file__).resolve().parents[3] / "src" / "service"),
]

import fake_bpy  # noqa: E402

fake_bpy.install()

import bld_remote_mcp  # noqa: E402
from bld_remote_mcp import settings  # noqa: E402

settings.port = lambda: 0
bld_remote_mcp.register()

import bld_remote  # noqa: E402

bld_remote.start_mcp_service()
exec(sys.argv[1])
print(bld_remote.get_status()["port"], flush=True)
status = bld_remote.serve()
print("served", status, flush=True)
bld_remote_mcp.unregister()
