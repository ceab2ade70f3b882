"""Each command that runs on Blender's main thread: its parameters and its answer's shape."""

import base64
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from bld_remote_mcp import persist
from wire import Client, RunningServer


@pytest.fixture(autouse=True)
def _empty_store() -> None:
    persist.clear_data()


def test_execute_code(client: Client) -> None:
    answer = client.run(
        "import sys\nprint('out', bpy.app.version[0])\nprint('err', file=sys.stderr)"
    )
    duration = answer["result"].pop("duration")
    assert answer == {
        "status": "success",
        "result": {
            "executed": True,
            "result": "out 4\n",
            "output": {"stdout": "out 4\n", "stderr": "err\n"},
        },
    }
    assert isinstance(duration, float)


def test_code_as_base64_and_result_as_base64(client: Client) -> None:
    code = base64.b64encode("print('ü€')".encode()).decode()
    result = client.run(code, code_is_base64=True, return_as_base64=True, unknown=1)["result"]
    assert base64.b64decode(result["result"]).decode() == "ü€\n"
    assert result["result_is_base64"] is True
    assert result["output"]["stdout"] == "ü€\n"


def test_an_empty_result_as_base64(client: Client) -> None:
    result = client.run("pass", return_as_base64=True)["result"]
    assert result["result"] == ""
    assert result["result_is_base64"] is False


def test_each_run_is_a_program_of_its_own(client: Client) -> None:
    assert client.run("x = 1\nprint(__name__)")["result"]["result"] == "__main__\n"
    assert "name 'x' is not defined" in client.run("print(x)")["message"]


def test_an_exception(client: Client) -> None:
    answer = client.run("print('before')\ndef f():\n    raise ValueError('bad')\nf()")
    assert answer["status"] == "error"
    assert answer["message"] == "Code execution error: bad"
    assert answer["exception"] == "ValueError"
    assert answer["output"] == {"stdout": "before\n", "stderr": ""}
    lines = [line for line in answer["traceback"].splitlines() if set(line) - set(" ~^")]
    assert lines == [
        "Traceback (most recent call last):",
        '  File "<execute_code>", line 4, in <module>',
        "    f()",
        '  File "<execute_code>", line 3, in f',
        "    raise ValueError('bad')",
        "ValueError: bad",
    ]
    assert isinstance(answer["duration"], float)
    assert "exit_code" not in answer


def test_a_syntax_error(client: Client) -> None:
    answer = client.run("x = (\n")
    assert answer["exception"] == "SyntaxError"
    assert answer["traceback"].startswith('  File "<execute_code>", line 1')


@pytest.mark.parametrize(
    ("code", "shown", "exit_code"),
    [
        ("raise SystemExit", "None", 0),
        ("raise SystemExit(3)", "3", 3),
        ("import sys; sys.exit('no')", "no", 1),
    ],
)
def test_system_exit_ends_nothing(client: Client, code: str, shown: str, exit_code: int) -> None:
    answer = client.run(code)
    assert answer["message"] == f"Code execution error: SystemExit: {shown}"
    assert answer["exit_code"] == exit_code
    assert client.run("print(1)")["result"]["result"] == "1\n"


@pytest.mark.parametrize(
    "name", ["KeyboardInterrupt", "GeneratorExit", "BaseException", "MemoryError"]
)
def test_no_exception_ends_anything(client: Client, name: str) -> None:
    assert client.run(f"raise {name}")["message"] == f"Code execution error: {name}"
    assert client.run("pass")["status"] == "success"


def test_an_exception_without_text(client: Client) -> None:
    code = "class E(Exception):\n  def __str__(self): raise ValueError\nraise E"
    assert "E whose text raised ValueError" in client.run(code)["message"]


def test_a_huge_exception_is_cut(client: Client) -> None:
    answer = client.run("raise ValueError('x' * 10_000_000)")
    assert len(answer["message"]) < 100_000
    assert len(answer["traceback"]) < 1_100_000


def test_deep_recursion(client: Client) -> None:
    assert client.run("def f(): f()\nf()")["exception"] == "RecursionError"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "No code provided"),
        ({"code": ""}, "No code provided"),
        ({"code": 5}, "code must be a string, not int"),
        ({"code": "a", "code_is_base64": True}, "Failed to decode base64 code"),
        ({"code": "/w==", "code_is_base64": True}, "Failed to decode base64 code"),
    ],
)
def test_code_that_can_not_be_had(client: Client, params: dict, message: str) -> None:
    answer = client.ask("execute_code", **params)
    assert answer["status"] == "error"
    assert message in answer["message"]


def test_output_is_bounded(start: Callable[..., RunningServer]) -> None:
    with start(output_limit=10).client() as client:
        result = client.run("print('x' * 25)\nimport sys\nsys.stderr.write('short')")["result"]
        assert (
            result["result"] == "xxxxxxxxxx\n[output truncated after 10 characters: 16 dropped]\n"
        )
        assert result["truncated"] == {"stdout": 16, "stderr": 0}
        assert result["output"]["stderr"] == "short"
        failed = client.run("print('x' * 25)\n1/0")
        assert failed["truncated"] == {"stdout": 16, "stderr": 0}


def test_lone_surrogates_and_control_characters(client: Client) -> None:
    text = "\ud800 \x00 \U0001f600 \u2028"
    assert client.run(f"print({text!r}, end='')")["result"]["result"] == text
    result = client.run("print('\\ud800', end='')", return_as_base64=True)["result"]
    assert base64.b64decode(result["result"]) == b"?"


def test_streams_are_restored_when_code_replaces_them(client: Client) -> None:
    before = sys.stdout
    client.run("import sys, io\nsys.stdout = io.StringIO()\nsys.stderr = None\nraise SystemExit")
    assert sys.stdout is before


def test_scene_info(client: Client) -> None:
    assert client.ask("get_scene_info", unknown=1)["result"] == {
        "name": "Scene",
        "object_count": 2,
        "objects": [
            {"name": name, "type": "MESH", "location": [1.23, 0.0, -2.0], "visible": True}
            for name in ("Cube", "Cube.001")
        ],
        "materials_count": 1,
        "frame_current": 1,
        "frame_start": 1,
        "frame_end": 250,
    }


def test_object_info(client: Client) -> None:
    assert client.ask("get_object_info", name="Cube")["result"] == {
        "name": "Cube",
        "type": "MESH",
        "location": [1.234, 0.0, -2.0],
        "rotation": [0.0, 0.5, 0.0],
        "scale": [1.0, 1.0, 1.0],
        "visible": True,
        "dimensions": [2.0, 2.0, 2.0],
        "materials": ["Red"],
        "mesh": {"vertices": 8, "edges": 12, "polygons": 6},
    }


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "name parameter is required"),
        ({"name": "No"}, "Object not found: No"),
        ({"name": "Cube\0"}, "Object not found: Cube\0"),
        ({"name": ["Cube"]}, "Object not found: ['Cube']"),
        ({"name": "x" * 1000}, f"Object not found: {'x' * 300}"),
    ],
)
def test_object_info_of_nothing(client: Client, params: dict, message: str) -> None:
    assert client.ask("get_object_info", **params) == {"status": "error", "message": message}


def test_no_screenshot_in_background(client: Client) -> None:
    answer = client.ask("get_viewport_screenshot")
    assert answer["message"] == "Viewport screenshots are not available in background mode"


def test_screenshot(client: Client, bpy: ModuleType, tmp_path: Path) -> None:
    bpy.app.background = False
    path = str(tmp_path / "a.png")
    answer = client.ask("get_viewport_screenshot", filepath=path, max_size=800, unknown=1)
    assert answer["result"] == {"success": True, "width": 800, "height": 500, "filepath": path}
    assert bpy.data.images.saved == [(path, [800, 500], "PNG")]
    assert bpy.data.images.open == 0


@pytest.mark.parametrize("max_size", [5000, 10**400])
def test_screenshot_of_a_chosen_format(client: Client, bpy: ModuleType, max_size: int) -> None:
    bpy.app.background = False
    result = client.ask("get_viewport_screenshot", max_size=max_size, format="jpg")["result"]
    assert (result["width"], result["height"]) == (1600, 1000)
    assert result["filepath"].endswith(".jpg")
    assert bpy.data.images.saved == [(result["filepath"], [1600, 1000], "JPEG")]
    Path(result["filepath"]).unlink()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_size": 0}, "max_size must be a positive number"),
        ({"format": "exe"}, "format must be one of png, jpg, jpeg, not 'exe'"),
        ({"filepath": 5}, "filepath must be a string, not 5"),
        ({"filepath": "/a\0b"}, "filepath must have no NUL character: '/a\\x00b'"),
    ],
)
def test_screenshot_refuses(client: Client, bpy: ModuleType, params: dict, message: str) -> None:
    bpy.app.background = False
    assert message in client.ask("get_viewport_screenshot", **params)["message"]


def test_screenshot_that_can_not_be_read_back(
    client: Client, bpy: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    bpy.app.background = False
    nothing = SimpleNamespace(size=[0, 0], file_format="PNG")
    monkeypatch.setattr(bpy.data.images, "load", lambda _path: nothing)
    answer = client.ask("get_viewport_screenshot", filepath=os.devnull)
    assert answer["message"] == f"no picture could be read back from {os.devnull!r}"


def test_screenshot_without_a_viewport(client: Client, bpy: ModuleType) -> None:
    bpy.app.background = False
    bpy.context.window_manager.windows[0].screen.areas.clear()
    assert client.ask("get_viewport_screenshot")["message"] == "No 3D viewport found"


def test_persisted_data(client: Client) -> None:
    put = client.ask("put_persist_data", key="k", data={"a": [1]})
    assert put == {"status": "success", "result": "Data stored under key 'k'"}
    assert client.ask("get_persist_data", key="k")["result"] == {"data": {"a": [1]}, "found": True}
    assert client.ask("remove_persist_data", key="k")["result"] == {"removed": True}
    assert client.ask("remove_persist_data", key="k")["result"] == {"removed": False}
    missing = client.ask("get_persist_data", key="k", default=7)
    assert missing["result"] == {"data": 7, "found": False}


@pytest.mark.parametrize("value", ["object()", "float('nan')"])
def test_persisted_data_that_is_no_json(client: Client, value: str) -> None:
    client.run(f"from bld_remote_mcp import persist\npersist.put_data('k', {value})")
    answer = client.ask("get_persist_data", key="k")
    assert answer["status"] == "error"
    assert "can't be written as JSON" in answer["message"]


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        ("put_persist_data", {"data": 1}, "Missing 'key' parameter"),
        ("put_persist_data", {"key": "k"}, "Missing 'data' parameter"),
        ("get_persist_data", {}, "Missing 'key' parameter"),
        ("remove_persist_data", {"key": []}, "key must be a string, not list"),
    ],
)
def test_persist_refuses(client: Client, kind: str, params: dict, message: str) -> None:
    assert client.ask(kind, **params) == {"status": "error", "message": message}


def test_polyhaven_status(client: Client) -> None:
    assert client.ask("get_polyhaven_status")["result"] == {
        "enabled": False,
        "reason": "Asset providers not supported",
    }


def legacy(client: Client, **request: object) -> dict:
    client.send(request)
    answer = client.receive()
    port = client.socket.getpeername()[1]
    assert answer.pop("source") == f"tcp://127.0.0.1:{port}"
    return answer


def test_legacy_form(client: Client) -> None:
    assert legacy(client) == {"response": "OK", "message": "Task received"}
    assert legacy(client, message="hi") == {"response": "OK", "message": "Printed message: hi"}
    assert legacy(client, message="hi", code="print(5)") == {
        "response": "OK",
        "message": "Code executed successfully",
        "output": "5\n",
    }
    assert legacy(client, code="1/0") == {
        "response": "FAILED",
        "message": "Error executing code: division by zero",
    }


def test_legacy_code_that_is_no_text(client: Client) -> None:
    client.send({"code": 5})
    assert client.receive() == {"status": "error", "message": "code must be a string, not int"}
