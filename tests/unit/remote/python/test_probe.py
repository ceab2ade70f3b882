"""What probe.py and interpreter.py find out, without Blender."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[4] / "src" / "remote" / "python"
SOURCE = (SCRIPTS / "interpreter.py").read_text(encoding="utf-8")


PARTS = ["pip", "wheels", "network"]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_under_test", SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bpy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """A stand-in for a background Blender 3.4, whose user files are in a temporary folder."""
    module = ModuleType("bpy")
    module.app = SimpleNamespace(
        version=(3, 4, 1), version_string="3.4.1", binary_path="/opt/blender", background=True
    )
    module.utils = SimpleNamespace(
        user_resource=lambda kind, path: str(tmp_path / "user" / kind.lower() / path)
    )
    monkeypatch.setitem(sys.modules, "bpy", module)
    return module


@pytest.fixture
def probe(bpy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Any:
    assert bpy is sys.modules["bpy"]
    module = load("probe")
    monkeypatch.delitem(sys.modules, module.JOBS_MODULE, raising=False)
    return module


@pytest.fixture
def bare_python(tmp_path: Path) -> str:
    """The executable of a virtual environment without pip."""
    folder = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python")


def program(folder: Path, text: str) -> str:
    path = folder / f"python-{len(list(folder.iterdir()))}"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


class TestFolders:
    def test_writable_leaves_nothing_behind(self, probe: Any, tmp_path: Path) -> None:
        assert probe.write_error(str(tmp_path)) is None
        assert list(tmp_path.iterdir()) == []

    def test_missing_folder_is_tried_in_the_nearest_above(self, probe: Any, tmp_path: Path) -> None:
        facts = probe.folder_facts(str(tmp_path / "a" / "b"))
        assert (facts["exists"], facts["writable"], facts["on_path"]) == (False, True, False)
        assert list(tmp_path.iterdir()) == []

    def test_a_file_in_the_way(self, probe: Any, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        assert probe.write_error(str(tmp_path / "file" / "sub")) == "Not a directory"

    def test_a_dangling_link_is_not_stepped_over(self, probe: Any, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "absent" / "target")
        assert probe.write_error(str(tmp_path / "link")) == "No such file or directory"

    def test_not_writable(
        self, probe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
        facts = probe.folder_facts(str(tmp_path))
        assert (facts["writable"], facts["error"]) == (False, "Permission denied")

    def test_site_folders_are_listed_once(
        self, probe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = tmp_path / "site"
        real.mkdir()
        (tmp_path / "link").symlink_to(real)
        monkeypatch.setattr(probe.sysconfig, "get_path", lambda _name: str(real))
        monkeypatch.setattr(
            probe.site, "getsitepackages", lambda: [str(tmp_path / "link"), "/other"]
        )
        assert probe.site_folders() == [str(real), "/other"]

    def test_externally_managed(
        self, probe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(probe.sysconfig, "get_path", lambda _name: str(tmp_path))
        monkeypatch.setattr(sys, "base_prefix", sys.prefix)
        assert probe.externally_managed() is None
        marker = tmp_path / "EXTERNALLY-MANAGED"
        marker.touch()
        assert probe.externally_managed() == str(marker)
        monkeypatch.setattr(sys, "prefix", "/a/virtual/environment")
        assert probe.externally_managed() is None


class TestInterpreter:
    def test_the_running_one(self, probe: Any) -> None:
        candidates = probe.executable_candidates(sys.prefix)
        found, error = probe.find_interpreter(candidates, probe.running_identity(), SOURCE)
        assert (found.executable, error) == (sys.executable, None)

    def test_wrong_ones_are_passed_over(
        self, probe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare_python: str
    ) -> None:
        monkeypatch.setattr(probe, "IDENTITY_SECONDS", 2)
        wrong = [
            str(tmp_path / "absent"),
            program(tmp_path, "exit 3"),
            program(tmp_path, "echo hello"),
            program(tmp_path, "exec sleep 30"),
            bare_python,
        ]
        expected = probe.running_identity()
        found, error = probe.find_interpreter(wrong, expected, SOURCE)
        assert found is None
        reasons = error.split("; ")
        assert [reason.split(": ", 1)[1] for reason in reasons] == [
            "not there",
            "exit status 3",
            "answered 'hello\\n'",
            "no answer within 2 s",
            f"its prefix is {tmp_path / 'bare'}, Blender's is {sys.prefix}",
        ]
        found, error = probe.find_interpreter([*wrong[:3], sys.executable], expected, SOURCE)
        assert (found.executable, error) == (sys.executable, None)

    def test_blender_is_no_candidate(self, probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "C:\\Program Files\\Blender\\blender.exe")
        candidates = probe.executable_candidates("/opt/blender/4.2/python")
        name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        assert candidates[0] == f"/opt/blender/4.2/python/bin/{name}"
        monkeypatch.setattr(sys, "executable", None)
        assert probe.executable_candidates("/opt/blender/4.2/python") == candidates

    def test_a_shim_comes_last(self, probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "/shims/python3.11")
        assert probe.executable_candidates("/usr")[-1] == "/shims/python3.11"
        monkeypatch.setattr(sys, "executable", "/env/bin/python")
        assert probe.executable_candidates("/env")[0] == "/env/bin/python"

    def test_environment(self, probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONPATH", "/somewhere")
        monkeypatch.setenv("PIP_INDEX_URL", "http://index")
        show = "import os; print([n for n in os.environ if n in ('PYTHONPATH', 'PIP_INDEX_URL')])"
        output = probe.output_of([sys.executable, "-c", show], 10)
        assert output == "['PIP_INDEX_URL']\n"


class TestPip:
    def test_available(self, probe: Any) -> None:
        facts = probe.pip_facts(probe.Interpreter(sys.executable, SOURCE))
        assert facts["available"]
        assert facts["command"] == [sys.executable, "-I", "-m", "pip"]
        assert os.path.isdir(facts["location"])

    def test_absent(self, probe: Any, bare_python: str) -> None:
        interpreter = probe.Interpreter(bare_python, SOURCE)
        facts = probe.pip_facts(interpreter)
        assert (facts["available"], facts["error"]) == (False, "No module named pip")
        wheels = probe.wheels_of(interpreter)
        if wheels["ensurepip"]:
            assert wheels["source"] == "ensurepip"
            assert wheels["tags"][-1] == "py30-none-any"
        else:
            assert wheels["tags"] is None
            assert "No module named" in wheels["error"]
        network = probe.network_facts(interpreter, None)
        assert network["probe"]["tried"] is False

    def test_tags_are_pips(self, probe: Any) -> None:
        wheels = probe.wheels_of(probe.Interpreter(sys.executable, SOURCE))
        assert (wheels["source"], wheels["error"]) == ("pip", None)
        version = f"cp{sys.version_info[0]}{sys.version_info[1]}"
        assert wheels["tags"][0].startswith(f"{version}-{version}")
        assert "py3-none-any" in wheels["tags"]

    def test_nonsense(self, probe: Any, tmp_path: Path) -> None:
        facts = probe.pip_facts(probe.Interpreter(program(tmp_path, "echo hello"), SOURCE))
        assert facts["error"] == "pip --version answered 'hello'"

    def test_config(self, probe: Any) -> None:
        config = probe.parse_pip_config(
            "WARNING: something\n"
            "global.index-url='https://global'\n"
            "install.index-url='https://install'\n"
            "global.extra-index-url='\\nhttps://a\\nhttps://b'\n"
            ":env:.cert='/it\\'s here'\n"
        )
        assert probe.pip_setting(config, "index-url") == "https://install"
        assert probe.pip_setting(config, "extra-index-url").split() == ["https://a", "https://b"]
        assert probe.pip_setting(config, "cert") == "/it's here"
        assert probe.pip_setting(config, "proxy") is None

    def test_credentials_are_masked(self, probe: Any) -> None:
        assert probe.masked("at https://me:p%40ss@host/simple, file:///a@b") == (
            "at https://***@host/simple, file:///a@b"
        )
        assert probe.host_of("https://me:secret@host:8080/simple") == "host:8080"


class Index(BaseHTTPRequestHandler):
    """A package index; its answer is in the path: /<status>/pip/."""

    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        if self.path.startswith("/silent/"):
            time.sleep(3)
        status = self.path.split("/")[1]
        self.send_response(int(status) if status.isdigit() else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Index, "asked", [], raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class TestIndex:
    def ask(self, probe: Any, url: str) -> dict[str, Any]:
        return probe.index_facts(probe.Interpreter(sys.executable, SOURCE), {}, url)

    def test_reachable(self, probe: Any, index: str) -> None:
        reachable = {"tried": True, "reachable": True, "error": None}
        assert self.ask(probe, f"http://me:secret@{index}/200/") == reachable
        assert self.ask(probe, f"http://{index}/404") == reachable
        assert Index.asked == [("/200/pip/", "Basic bWU6c2VjcmV0"), ("/404/pip/", None)]

    def test_refused_by_the_index(self, probe: Any, index: str) -> None:
        facts = self.ask(probe, f"http://{index}/401")
        assert (facts["reachable"], facts["error"]) == (False, "HTTP 401 Unauthorized")

    def test_nothing_listens(self, probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        facts = self.ask(probe, "http://127.0.0.1:9/simple")
        assert facts["reachable"] is False
        assert "Connection refused" in facts["error"]

    def test_silent(self, probe: Any, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(probe, "INDEX_SECONDS", 1.5)
        facts = self.ask(probe, f"http://{index}/silent")
        assert facts == {"tried": True, "reachable": False, "error": "no answer within 1.5 s"}

    def test_local_index(self, probe: Any) -> None:
        assert self.ask(probe, "file:///srv/simple")["tried"] is False


class TestCalls:
    def finish(self, probe: Any, arguments: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        started = probe.main({"interpreter": SOURCE, "wait": 0, **arguments})
        assert started["done"] is False
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            # Each call runs the script's text anew, as in Blender.
            answer = load("probe").main({"job": started["job"]})
            if answer["done"]:
                return json.loads(json.dumps(started["facts"])), answer["findings"]
            time.sleep(0.02)
        raise AssertionError("the probe doesn't end")

    def test_everything(self, probe: Any, tmp_path: Path) -> None:
        facts, findings = self.finish(probe, {"parts": PARTS, "network_probe": False})
        assert facts["blender"]["version_tuple"] == [3, 4, 1]
        assert facts["python"]["python_args"] is None
        assert facts["online_access"] is None
        modules = facts["site"]["user_modules"]
        assert modules["path"] == str(tmp_path / "user" / "scripts" / "addons" / "modules")
        assert (modules["exists"], modules["writable"]) == (False, True)
        assert not (tmp_path / "user").exists()
        assert findings["executable"] == sys.executable
        assert findings["pip"]["available"]
        assert findings["network"]["probe"]["error"] == "not asked for"
        assert len(findings["wheels"]["tags"]) > 10

    def test_interpreter_only(self, probe: Any) -> None:
        _, findings = self.finish(probe, {"parts": [], "network_probe": True})
        assert findings["executable"] == sys.executable
        assert (findings["pip"], findings["wheels"], findings["network"]) == (None, None, None)

    def test_offline(self, probe: Any, bpy: Any) -> None:
        bpy.app.online_access = False
        bpy.app.python_args = ("-I",)
        facts, findings = self.finish(probe, {"parts": PARTS, "network_probe": True})
        assert facts["python"]["python_args"] == ["-I"]
        assert findings["network"]["probe"] == {
            "tried": False,
            "reachable": None,
            "error": "Blender's online access is off",
        }

    def test_no_interpreter(self, probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(probe, "executable_candidates", lambda _prefix: ["/absent/python"])
        started = probe.main(
            {"interpreter": SOURCE, "parts": PARTS, "network_probe": True, "wait": 5}
        )
        assert started["done"]
        assert started["findings"]["executable_error"] == "/absent/python: not there"
        assert started["findings"]["pip"] is None

    def test_a_defect_is_told(self, probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("defect")

        monkeypatch.setattr(probe, "find_interpreter", broken)
        started = probe.main({"interpreter": "", "parts": PARTS, "network_probe": True, "wait": 5})
        assert started["findings"] is None
        assert "RuntimeError: defect" in started["error"]

    def test_unknown_job(self, probe: Any) -> None:
        with pytest.raises(LookupError):
            probe.main({"job": "nobody"})
