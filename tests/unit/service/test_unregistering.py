"""Blender resets its add-ons in many ways; only who means this one ends the service."""

import sys
from collections.abc import Callable, Iterator
from types import CodeType, ModuleType

import bld_remote_mcp as addon
import pytest
from wire import Client, RunningServer, wait_until

# What calls unregister() in Blender's addon_utils.py and bpy/utils/__init__.py, and how.
ADDON_UTILS = """
import sys
def disable(name):
    sys.modules[name].__addon_enabled__ = False
    sys.modules[name].unregister()
def enable(name):
    sys.modules[name].unregister()
    sys.modules[name].__addon_enabled__ = False
    sys.modules[name].register()
    sys.modules[name].__addon_enabled__ = True
def disable_all():
    disable("bld_remote_mcp")
def reset_all():
    disable("bld_remote_mcp")
"""
BPY_UTILS = """
import addon_utils
def load_scripts():
    addon_utils.disable("bld_remote_mcp")
"""


def module_of(name: str, source: str) -> ModuleType:
    made = ModuleType(name)
    code: CodeType = compile(source, f"<{name}>", "exec")
    exec(code, vars(made))
    return made


@pytest.fixture
def serving(bpy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of the add-on in a Blender with a window, enabled as Blender does it."""
    utils = module_of("addon_utils", ADDON_UTILS)
    monkeypatch.setitem(sys.modules, "addon_utils", utils)
    monkeypatch.setitem(sys.modules, "bpy.utils", module_of("bpy.utils", BPY_UTILS))
    monkeypatch.setenv("BLD_REMOTE_MCP_START_NOW", "1")
    monkeypatch.setattr(addon.settings, "port", lambda: 0)
    bpy.app.background = False
    addon.register()
    with Client(addon.api.get_status()["port"]) as client:
        yield client
    if addon.api.is_mcp_service_up():
        addon.unregister()


def answer_of(client: Client, code: str, bpy: ModuleType) -> dict:
    client.send({"type": "execute_code", "params": {"code": code}})
    wait_until(lambda: addon.api.get_command_queue_size() == 1)
    tick, _watch = bpy.app.timers.registered
    tick()
    return client.receive()


@pytest.mark.parametrize(
    "code",
    [
        "import addon_utils; addon_utils.disable_all()",
        "import addon_utils; addon_utils.reset_all()",
        "import addon_utils; addon_utils.enable('bld_remote_mcp')",
        "from sys import modules; modules['bpy.utils'].load_scripts()",
    ],
)
def test_where_all_are_reset_the_service_goes_on(
    serving: Client, bpy: ModuleType, code: str
) -> None:
    for _ in range(2):
        assert answer_of(serving, code, bpy)["status"] == "success"
        looked = "import bld_remote; print(bld_remote.is_mcp_service_up())"
        assert answer_of(serving, looked, bpy)["result"]["result"] == "True\n"
        assert len(bpy.app.timers.registered) == 2
        assert len(bpy.app.handlers.load_post) == 1
        assert hasattr(bpy.types.Scene, "bld_remote_server_running")
        assert addon.__addon_enabled__ is True
    addon.register()  # As when the user's preferences are read again
    assert len(bpy.app.timers.registered) == 2


@pytest.mark.parametrize(
    "code",
    [
        "import addon_utils; addon_utils.disable('bld_remote_mcp')",
        "import bld_remote_mcp; bld_remote_mcp.unregister()",
    ],
)
@pytest.mark.parametrize("before", ["pass", "import addon_utils; addon_utils.disable_all()"])
def test_who_means_this_add_on_ends_the_service(
    serving: Client, bpy: ModuleType, code: str, before: str
) -> None:
    answer_of(serving, before, bpy)
    assert answer_of(serving, code, bpy)["status"] == "success"
    assert serving.is_closed()
    assert not addon.api.is_mcp_service_up()
    assert "bld_remote" not in sys.modules
    assert bpy.app.handlers.load_post == bpy.app.handlers.save_post == []


def test_a_service_that_does_not_run_is_no_reason_to_stay(serving: Client, bpy: ModuleType) -> None:
    addon.api.stop_mcp_service()
    sys.modules["addon_utils"].disable_all()
    assert "bld_remote" not in sys.modules
    assert not hasattr(bpy.types.Scene, "bld_remote_server_running")
    addon.register()
    assert addon.api.is_mcp_service_up()


def test_scenes_of_another_file_are_marked(serving: Client, bpy: ModuleType) -> None:
    scene = bpy.data.scenes[0]
    scene.bld_remote_server_running = False
    (loaded,) = bpy.app.handlers.load_post
    assert loaded.is_persistent
    loaded("a.blend")
    assert scene.bld_remote_server_running is True


def test_saving_and_loading(start: Callable[..., RunningServer], bpy: ModuleType) -> None:
    server = start().server
    server.open_file.watch()
    (saved,), (loaded,) = bpy.app.handlers.save_post, bpy.app.handlers.load_post
    for event in (saved, loaded):
        server.guard.run(lambda: None)
        assert server.code_ran_since_save is True
        event(None)
        assert server.code_ran_since_save is False
    server.guard.run(lambda: saved("a.blend"))
    assert server.code_ran_since_save is False
    # Code that loads a file goes on, and changes what it has loaded.
    server.guard.run(lambda: loaded("a.blend"))
    assert server.code_ran_since_save is True
    server.open_file.unwatch()
    server.open_file.unwatch()
    assert bpy.app.handlers.save_post == bpy.app.handlers.load_post == []
