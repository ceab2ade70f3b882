"""What an interpreter's pip is, and whether its index answers."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pip_answers
import pytest
from programs import PIP_SOURCE, SOURCE, another
from systems import site_in


def facts_of(pip_facts: Any, executable: str, no_probe: str | None = "no") -> Any:
    """Ask an interpreter; pip, and its settings for the network."""
    return pip_facts.pip_facts(pip_facts.Interpreter(executable, SOURCE), PIP_SOURCE, no_probe)


def by_hand(*arguments: str) -> str:
    """Run pip as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", "pip", *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


class TestPip:
    def test_available(self, pip_facts: Any) -> None:
        facts, _ = facts_of(pip_facts, sys.executable)
        assert facts["error"] is None
        assert facts["command"] == [sys.executable, "-I", "-X", "utf8", "-m", "pip"]
        assert facts["said"] == by_hand("--version").strip()
        found = re.match(r"pip \S+ from (.+) \(python ", facts["said"])
        assert found
        assert os.path.isdir(found[1])

    def test_its_own_index_where_none_is_set(
        self, pip_facts: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.delenv("PIP_INDEX_URL", raising=False)
        _, network = facts_of(pip_facts, sys.executable)
        assert network["index_url"] == self.usual_index()

    @staticmethod
    def usual_index() -> str:
        code = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
        return subprocess.check_output([sys.executable, "-I", "-c", code], text=True).strip()

    def test_settings(
        self, pip_facts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = tmp_path / "pip.ini"
        config.write_text("[global]\nindex-url = http://me:secret@h/s\n", encoding="utf-8")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
        monkeypatch.setenv("PIP_FIND_LINKS", "/a /b")
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://you:secret@h/t")
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        _, network = facts_of(pip_facts, sys.executable, None)
        assert network == {
            "index_url": "http://***@h/s",
            "extra_index_urls": ["http://***@h/t"],
            "find_links": ["/a", "/b"],
            "no_index": True,
            "probe": {"tried": False, "reachable": None, "error": "pip is set to use no index"},
        }

    def test_broken_settings(
        self, pip_facts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = tmp_path / "pip.ini"
        config.write_text("no section\n", encoding="utf-8")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
        _, network = facts_of(pip_facts, sys.executable, None)
        assert network["index_url"] is None
        assert network["probe"]["tried"] is False
        assert str(config) in network["probe"]["error"]

    def test_absent(
        self, pip_facts: Any, bare_python: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        facts, network = facts_of(pip_facts, bare_python, None)
        assert (facts["said"], facts["error"]) == (None, "No module named pip")
        assert network["probe"]["tried"] is False
        monkeypatch.setattr(pip_facts, "tags_inside", lambda _executable: None)
        wheels = pip_facts.wheels_of(pip_facts.Interpreter(bare_python, SOURCE))
        if wheels["ensurepip"]:
            assert wheels["source"] == "ensurepip"
            assert wheels["tags"][-1] == "py30-none-any"
        else:
            assert wheels["tags"] is None
            assert "No module named" in wheels["error"]

    @pytest.mark.parametrize(
        ("text", "said", "error"),
        [
            ("raise SystemError('damaged')", None, "SystemError: damaged"),
            ("def main(:", None, "SyntaxError: invalid syntax"),
            ("import sys; print('last words', file=sys.stderr); sys.exit(3)", None, "last words"),
            ("import sys; sys.exit(3)", None, "exit status 3"),
            ("import os; print('hello'); os.write(1, b'noise')", "hello", None),
            ("import os; os._exit(4)", None, "exit status 4"),
        ],
    )
    def test_another_thing_of_that_name(
        self, pip_facts: Any, bare_python: str, text: str, said: str | None, error: str | None
    ) -> None:
        folder = site_in(Path(bare_python).parents[1]) / "pip"
        folder.mkdir()
        (folder / "__init__.py").write_text("", encoding="utf-8")
        (folder / "__main__.py").write_text(text, encoding="utf-8")
        facts, _ = facts_of(pip_facts, bare_python)
        assert (facts["said"], facts["error"]) == (said, error)

    def test_tags_are_pips(self, pip_facts: Any) -> None:
        wheels = pip_facts.wheels_of(pip_facts.Interpreter(sys.executable, SOURCE))
        assert (wheels["source"], wheels["error"]) == ("pip", None)
        version = f"cp{sys.version_info[0]}{sys.version_info[1]}"
        assert wheels["tags"][0].startswith(f"{version}-{version}")
        assert "py3-none-any" in wheels["tags"]

    def test_nonsense(self, pip_facts: Any, tmp_path: Path) -> None:
        facts, network = facts_of(pip_facts, another(tmp_path, "print('hello', end='')"))
        assert (facts["said"], facts["error"]) == (None, "answered 'hello'")
        assert network["probe"]["tried"] is False

    def test_another_python_that_pip_is_set_up_to_use(
        self, pip_facts: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIP_PYTHON", "/not/there")
        monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
        facts, _ = facts_of(pip_facts, sys.executable)
        assert facts["error"] is None

    def test_credentials_are_masked(self, pip_facts: Any) -> None:
        assert pip_facts.masked("at https://me:p%40ss@host/simple, file:///a@b") == (
            "at https://***@host/simple, file:///a@b"
        )
        assert pip_answers.host_of("https://me:secret@host:8080/simple") == "host:8080"


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
    @pytest.fixture(autouse=True)
    def no_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)

    def ask(self, pip_facts: Any, url: str) -> dict[str, Any]:
        with pytest.MonkeyPatch.context() as context:
            context.setenv("PIP_INDEX_URL", url)
            return facts_of(pip_facts, sys.executable, None)[1]["probe"]

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
