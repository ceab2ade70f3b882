"""What an interpreter's pip is, and whether its index answers."""

import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from programs import SOURCE, program


class TestPip:
    def test_available(self, pip_facts: Any) -> None:
        facts = pip_facts.pip_facts(pip_facts.Interpreter(sys.executable, SOURCE))
        assert facts["error"] is None
        assert facts["command"] == [sys.executable, "-I", "-X", "utf8", "-m", "pip"]
        found = re.match(r"pip \S+ from (.+) \(python ", facts["said"])
        assert found
        assert os.path.isdir(found[1])

    def test_absent(self, pip_facts: Any, bare_python: str) -> None:
        interpreter = pip_facts.Interpreter(bare_python, SOURCE)
        facts = pip_facts.pip_facts(interpreter)
        assert (facts["said"], facts["error"]) == (None, "No module named pip")
        wheels = pip_facts.wheels_of(interpreter)
        if wheels["ensurepip"]:
            assert wheels["source"] == "ensurepip"
            assert wheels["tags"][-1] == "py30-none-any"
        else:
            assert wheels["tags"] is None
            assert "No module named" in wheels["error"]
        facts = pip_facts.index_facts(interpreter, {}, "http://127.0.0.1:9/simple")
        assert facts["tried"] is False
        assert "No module named" in facts["error"]

    def test_tags_are_pips(self, pip_facts: Any) -> None:
        wheels = pip_facts.wheels_of(pip_facts.Interpreter(sys.executable, SOURCE))
        assert (wheels["source"], wheels["error"]) == ("pip", None)
        version = f"cp{sys.version_info[0]}{sys.version_info[1]}"
        assert wheels["tags"][0].startswith(f"{version}-{version}")
        assert "py3-none-any" in wheels["tags"]

    def test_nonsense(self, pip_facts: Any, tmp_path: Path) -> None:
        facts = pip_facts.pip_facts(pip_facts.Interpreter(program(tmp_path, "echo hello"), SOURCE))
        assert (facts["said"], facts["error"]) == ("hello", None)

    def test_another_python_that_pip_is_set_up_to_use(
        self, pip_facts: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIP_PYTHON", "/not/there")
        monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
        facts = pip_facts.pip_facts(pip_facts.Interpreter(sys.executable, SOURCE))
        assert facts["error"] is None

    def test_settings(
        self, pip_facts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "pip.conf"
        file.write_text(
            "[global]\nindex-url = https://me:secret@global/simple\nno-index = no\n"
            "[install]\nextra-index-url =\n  https://a\n  https://b\n"
        )
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
        monkeypatch.setenv("PIP_FIND_LINKS", "/w1 /w2")
        network = pip_facts.network_facts(pip_facts.Interpreter("/none", SOURCE), "not asked for")
        assert network == {
            "index_url": "https://***@global/simple",
            "extra_index_urls": ["https://a", "https://b"],
            "find_links": ["/w1", "/w2"],
            "no_index": False,
            "probe": {"tried": False, "reachable": None, "error": "not asked for"},
        }
        file.write_text("nonsense")
        network = pip_facts.network_facts(pip_facts.Interpreter("/none", SOURCE), None)
        assert str(file) in network["probe"]["error"]

    def test_credentials_are_masked(self, pip_facts: Any) -> None:
        assert pip_facts.masked("at https://me:p%40ss@host/simple, file:///a@b") == (
            "at https://***@host/simple, file:///a@b"
        )
        assert pip_facts.host_of("https://me:secret@host:8080/simple") == "host:8080"


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
    def ask(self, pip_facts: Any, url: str) -> dict[str, Any]:
        return pip_facts.index_facts(pip_facts.Interpreter(sys.executable, SOURCE), {}, url)

    def test_reachable(self, pip_facts: Any, index: str) -> None:
        reachable = {"tried": True, "reachable": True, "error": None}
        assert self.ask(pip_facts, f"http://me:secret@{index}/200/") == reachable
        assert self.ask(pip_facts, f"http://{index}/404") == reachable
        assert Index.asked == [("/200/pip/", "Basic bWU6c2VjcmV0"), ("/404/pip/", None)]

    def test_refused_by_the_index(self, pip_facts: Any, index: str) -> None:
        facts = self.ask(pip_facts, f"http://{index}/401")
        assert (facts["reachable"], facts["error"]) == (False, "HTTP 401 Unauthorized")

    def test_nothing_listens(self, pip_facts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        facts = self.ask(pip_facts, "http://127.0.0.1:9/simple")
        assert facts["reachable"] is False
        assert facts["error"].endswith("Connection refused")
        assert "Errno" not in facts["error"]

    def test_silent(self, pip_facts: Any, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pip_facts, "INDEX_SECONDS", 1.5)
        facts = self.ask(pip_facts, f"http://{index}/silent")
        assert facts == {"tried": True, "reachable": False, "error": "no answer within 1.5 s"}

    def test_local_index(self, pip_facts: Any) -> None:
        assert self.ask(pip_facts, "file:///srv/simple")["tried"] is False
