"""Enabling and disabling the add-on, its environment, and the module `bld_remote`."""

import errno
import logging
import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import bld_remote_mcp as addon
import pytest
from bld_remote_mcp import settings
from wire import Client, wait_until


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A free port, which the environment names."""
    number = free_port()
    monkeypatch.setenv("BLD_REMOTE_MCP_PORT", str(number))
    return number


@pytest.fixture
def api(bpy: ModuleType, port: int) -> Iterator[ModuleType]:
    """The module that `import bld_remote` gives."""
    addon.register()
    import bld_remote

    yield bld_remote
    if "bld_remote" in sys.modules:
        addon.unregister()


def test_bl_info() -> None:
    assert addon.bl_info["name"] == "BLD Remote MCP"
    assert addon.bl_info["version"] == (2, 0, 0)
    assert addon.bl_info["blender"] == (3, 3, 0)
    assert addon.bl_info["category"] == "Development"


def test_start_and_stop(api: ModuleType, bpy: ModuleType, port: int) -> None:
    assert not api.is_mcp_service_up()
    assert api.get_status() == {
        "running": False,
        "port": 0,
        "address": "127.0.0.1:0",
        "server_object": False,
    }
    api.start_mcp_service()
    api.start_mcp_service()
    assert api.get_status() == {
        "running": True,
        "port": port,
        "address": f"127.0.0.1:{port}",
        "server_object": True,
    }
    assert bpy.data.scenes[0].bld_remote_server_running is True
    assert api.is_background_mode() is True
    assert api.get_command_queue_size() == 0
    with pytest.raises(RuntimeError, match="stop it first"):
        api.set_mcp_service_port(7000)
    api.stop_mcp_service()
    api.stop_mcp_service()
    assert not api.is_mcp_service_up()
    assert bpy.data.scenes[0].bld_remote_server_running is False


def test_registering_again_and_again_leaves_nothing_behind(
    bpy: ModuleType, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLD_REMOTE_MCP_START_NOW", "1")
    bpy.app.background = False
    threads = threading.active_count()
    for _ in range(5):
        addon.register()
        assert len(bpy.app.timers.registered) == 2
        with Client(port) as client:
            assert client.ask("hello")["result"]["background"] is False
            addon.unregister()
        assert bpy.app.timers.registered == {}
        assert not hasattr(bpy.types.Scene, "bld_remote_server_running")
        assert "bld_remote" not in sys.modules
        assert logging.getLogger("bld_remote_mcp").handlers == []
    wait_until(lambda: threading.active_count() <= threads)  # Those of tests before may end, too


def test_a_job_that_enables_the_add_on_again(
    bpy: ModuleType, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLD_REMOTE_MCP_START_NOW", "1")
    bpy.app.background = False
    addon.register()
    tick, _watch = bpy.app.timers.registered
    code = "import bld_remote_mcp as addon\naddon.unregister()\naddon.register()"
    with Client(port) as client:
        client.send({"type": "execute_code", "params": {"code": code}})
        wait_until(lambda: addon.api.get_command_queue_size() == 1)
        assert tick() is None
        assert client.receive()["status"] == "success"
        assert client.is_closed()
    new_tick, _new_watch = bpy.app.timers.registered
    assert new_tick != tick
    with Client(port) as client:
        assert client.ask("hello")["status"] == "success"
    addon.unregister()


def test_the_token_is_there_while_the_service_is(
    api: ModuleType, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLD_REMOTE_NO_AUTH")
    path = tmp_path / "tokens" / str(port)
    tokens: set[str] = set()
    for _ in range(2):
        api.start_mcp_service()
        tokens.add(path.read_text())
        with Client(port) as client:
            assert client.authenticate(path.read_text())["status"] == "success"
        api.stop_mcp_service()
        assert not path.exists()
    assert len(tokens) == 2


def test_no_token_where_the_environment_says_so(
    api: ModuleType, port: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tokens" / str(port)
    path.parent.mkdir()
    path.write_text("left by a Blender that was killed")
    api.start_mcp_service()
    assert not path.exists()
    with Client(port) as client:
        assert client.ask("hello")["result"]["authentication"] == "none"
    assert "[WARNING]" in (said := capfd.readouterr().err)
    assert "No token is asked for (BLD_REMOTE_NO_AUTH)" in said


def test_a_given_token_stays_for_later_starts(
    api: ModuleType, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLD_REMOTE_NO_AUTH")
    monkeypatch.setattr(settings, "_given", None)
    given = tmp_path / "given"
    given.write_text("given " + "g" * 32)
    given.chmod(0o600)
    monkeypatch.setenv("BLD_REMOTE_TOKEN_FILE", str(given))
    with pytest.raises(OSError, match="isn't taken"):
        api.start_mcp_service()
    assert not api.is_mcp_service_up()
    given.write_text("g" * 32)
    monkeypatch.setenv("BLD_REMOTE_TOKEN_FILE", str(given))
    for _ in range(2):
        api.start_mcp_service()
        assert "BLD_REMOTE_TOKEN_FILE" not in os.environ
        given.unlink(missing_ok=True)
        assert (tmp_path / "tokens" / str(port)).read_text() == "g" * 32
        with Client(port) as client:
            assert client.authenticate("g" * 32)["status"] == "success"
        api.stop_mcp_service()


def test_a_token_that_can_not_be_kept_ends_the_start(
    api: ModuleType, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLD_REMOTE_NO_AUTH")
    (tmp_path / "tokens").write_text("a file")
    with pytest.raises(OSError, match="can't keep the token"):
        api.start_mcp_service()
    assert not api.is_mcp_service_up()
    with socket.create_server(("127.0.0.1", port)):
        pass  # It's free


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "127.example.org", "a.localhost"])
def test_an_address_that_others_reach(
    api: ModuleType, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("BLD_REMOTE_MCP_HOST", host)
    with pytest.raises(PermissionError, match="which isn't loopback"):
        api.start_mcp_service()
    monkeypatch.setenv("BLD_REMOTE_ALLOW_REMOTE", "1")
    with pytest.raises(PermissionError, match="BLD_REMOTE_NO_AUTH is for loopback only"):
        api.start_mcp_service()
    assert not api.is_mcp_service_up()


def test_an_address_that_others_may_reach(
    api: ModuleType,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("BLD_REMOTE_NO_AUTH")
    monkeypatch.setenv("BLD_REMOTE_MCP_HOST", "0.0.0.0")
    monkeypatch.setenv("BLD_REMOTE_ALLOW_REMOTE", "1")
    api.start_mcp_service()
    with Client(port) as client:
        assert "asks for a token" in client.run("pass")["message"]
    assert "can read and change what goes over the wire" in capfd.readouterr().err


def test_registering_while_scenes_can_not_be_reached(
    bpy: ModuleType, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLD_REMOTE_MCP_START_NOW", "yes")
    bpy.data = object()
    addon.register()
    with Client(port) as client:
        assert client.ask("hello")["status"] == "success"
    addon.unregister()


def test_a_port_in_use(
    bpy: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("BLD_REMOTE_MCP_PORT", str(port))
        monkeypatch.setenv("BLD_REMOTE_MCP_START_NOW", "on")
        monkeypatch.setattr(sys, "__stderr__", sys.stderr)
        addon.register()
        try:
            import bld_remote

            for start in (bld_remote.start_mcp_service, bld_remote.serve):
                with pytest.raises(OSError, match=f"can't listen on 127.0.0.1:{port}") as caught:
                    start()
                assert caught.value.errno == errno.EADDRINUSE
            assert not bld_remote.is_mcp_service_up()
        finally:
            addon.unregister()
    logged = capfd.readouterr().err
    pattern = rf"\[BLD Remote\]\[ERROR\]\[\d\d:\d\d:\d\d\] .*can't listen on 127.0.0.1:{port}"
    assert len(re.findall(pattern, logged)) == 1


@pytest.mark.parametrize("text", ["80", "65536", "x", "-5", "1e4"])
def test_a_port_that_is_none(
    api: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    text: str,
) -> None:
    monkeypatch.setattr(logging.getLogger("bld_remote_mcp"), "propagate", True)
    monkeypatch.setenv("BLD_REMOTE_MCP_PORT", text)
    assert api.get_mcp_service_port() == 6688
    assert repr(text) in caplog.text


def test_choosing_the_port(api: ModuleType) -> None:
    number = free_port()
    api.set_mcp_service_port(number)
    assert api.get_mcp_service_port() == number
    assert os.environ["BLD_REMOTE_MCP_PORT"] == str(number)
    for wrong in (80, 65536, "7000", True, 7000.0):
        with pytest.raises(ValueError):
            api.set_mcp_service_port(wrong)


@pytest.mark.parametrize(
    ("text", "starts"),
    [("1", True), ("TRUE", True), ("yes", True), (" on ", True), ("0", False), ("", False)],
)
def test_startup_options(
    api: ModuleType, monkeypatch: pytest.MonkeyPatch, text: str, starts: bool
) -> None:
    monkeypatch.delenv("BLD_REMOTE_MCP_PORT")
    monkeypatch.setenv("BLD_REMOTE_MCP_START_NOW", text)
    monkeypatch.setenv("BLD_REMOTE_MCP_HOST", "::1")
    assert api.get_startup_options() == {
        "BLD_REMOTE_MCP_PORT": "6688 (default)",
        "BLD_REMOTE_MCP_START_NOW": text or "false (default)",
        "BLD_REMOTE_MCP_HOST": "::1",
        "auto_start_enabled": starts,
        "configured_port": 6688,
    }


def test_another_address(api: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BLD_REMOTE_NO_AUTH")
    monkeypatch.setenv("BLD_REMOTE_MCP_HOST", "192.0.2.1")
    monkeypatch.setenv("BLD_REMOTE_ALLOW_REMOTE", "1")
    with pytest.raises(RuntimeError, match=r"can't listen on 192\.0\.2\.1"):
        api.start_mcp_service()


def test_step(api: ModuleType, port: int) -> None:
    api.step()
    api.start_mcp_service()
    with Client(port) as client:
        client.send({"type": "execute_code", "params": {"code": "print(1)"}})
        wait_until(lambda: api.get_command_queue_size() == 1)
        api.step()
        assert client.receive()["result"]["result"] == "1\n"
        client.send(
            {"type": "execute_code", "params": {"code": "import bld_remote\nbld_remote.step()"}}
        )
        wait_until(lambda: api.get_command_queue_size() == 1)
        api.step()
        assert client.receive()["status"] == "success"


@pytest.mark.parametrize("quit_blender", [True, False])
def test_step_after_a_shutdown(api: ModuleType, port: int, quit_blender: bool) -> None:
    api.start_mcp_service()
    with Client(port) as client:
        client.ask("server_shutdown", quit=quit_blender)

        def stopped() -> bool:
            api.step()
            return not api.is_mcp_service_up()

        if quit_blender:
            with pytest.raises(SystemExit) as caught:
                wait_until(stopped)
            assert caught.value.code == 0
        else:
            wait_until(stopped)
        assert client.is_closed()


def test_serve_needs_background_and_the_main_thread(api: ModuleType, bpy: ModuleType) -> None:
    bpy.app.background = False
    with pytest.raises(RuntimeError, match="without a window"):
        api.serve()
    bpy.app.background = True
    errors: list[Exception] = []

    def serve() -> None:
        try:
            api.serve()
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


def test_persist(api: ModuleType) -> None:
    store = api.persist
    store.clear_data()
    store.put_data("a", [1])
    store.put_data("b", object)
    assert store.get_keys() == ["a", "b"]
    assert store.get_data("a") == [1]
    assert store.get_data("c", 5) == 5
    info = store.get_storage_info()
    assert info["key_count"] == 2
    assert info["keys"] == ["a", "b"]
    assert info["total_size_estimate"] == len("[1]") + len(str(object))
    assert store.remove_data("a") is True
    assert store.remove_data("a") is False
    store.clear_data()
    assert store.get_keys() == []


def test_the_log(
    bpy: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "__stderr__", sys.stderr)
    monkeypatch.setenv("BLD_REMOTE_LOG_LEVEL", "loud")
    addon.log.enable()
    addon.log.enable()
    addon.log.logger.info("hello")
    addon.log.logger.debug("quiet")
    monkeypatch.setenv("BLD_REMOTE_LOG_LEVEL", "error")
    addon.log.enable()
    addon.log.logger.warning("less")
    addon.log.disable()
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3  # the doubtful level each time that it was read
    assert "BLD_REMOTE_LOG_LEVEL='LOUD'" in lines[0]
    assert re.fullmatch(r"\[BLD Remote\]\[INFO\]\[\d\d:\d\d:\d\d\] hello", lines[2])


def test_without_a_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stderr__", None)
    addon.log.enable()
    addon.log.logger.error("nowhere")
    addon.log.disable()
