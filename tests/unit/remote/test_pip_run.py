"""Starting, following and ending a process beside Blender: real ones, in pip's place."""

import base64
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PATIENCE_SECONDS = 60


class Runs:
    """The script's three actions."""

    def __init__(self, load: Callable[[str], ModuleType]) -> None:
        self._load = load
        self.registry = load("pip_run").REGISTRY

    def act(self, **arguments: Any) -> dict[str, Any]:
        # Every call comes with its own copy of the script.
        return self._load("pip_run").main(arguments)

    def start(self, code: str, *arguments: str, isolated: bool = False) -> int:
        command = [sys.executable, "-c", code, *arguments]
        return self.act(action="start", id="a run", command=command, isolated=isolated)["pid"]

    def follow(self, stdout: int = 0, stderr: int = 0, limit: int = 10**6) -> dict[str, Any]:
        offsets = {"stdout": stdout, "stderr": stderr}
        answer = self.act(action="follow", id="a run", limit=limit, **offsets)
        for stream in ("stdout", "stderr"):
            answer[stream] = base64.b64decode(answer[stream])
        return answer

    def finish(self) -> bool:
        return self.act(action="finish", id="a run")["cancelled"]

    def follow_to_the_end(self, limit: int = 10**6) -> tuple[bytes, bytes, int]:
        out, err = b"", b""
        for _ in patiently():
            seen = self.follow(len(out), len(err), limit)
            assert len(seen["stdout"]) <= limit
            assert len(seen["stderr"]) <= limit
            out += seen["stdout"]
            err += seen["stderr"]
            if seen["returncode"] is not None:
                return out, err, seen["returncode"]
        raise AssertionError


def patiently() -> Iterator[None]:
    """Goes on until the caller has seen what it waits for."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        yield
        time.sleep(0.005)
    pytest.fail("it didn't happen")


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def runs(
    load: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Runs]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    made = Runs(load)
    yield made
    made.finish()
    sys.modules.pop(made.registry, None)


def test_output_and_exit_status(runs: Runs, tmp_path: Path) -> None:
    runs.start("import sys; print('out ä'); print('err', file=sys.stderr); sys.exit(7)")
    out, err, code = runs.follow_to_the_end()
    assert (out.decode(), err.decode(), code) == ("out ä\n", "err\n", 7)
    assert not runs.finish()
    assert os.listdir(tmp_path / "temporary") == []


def test_output_comes_while_it_runs(runs: Runs, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    code = (
        "import os, sys, time\nprint('first', flush=True)\n"
        "while not os.path.exists(sys.argv[1]): time.sleep(0.005)\nprint('last')"
    )
    runs.start(code, str(gate))
    for _ in patiently():
        seen = runs.follow()
        assert seen["returncode"] is None
        if seen["stdout"]:
            break
    assert seen["stdout"] == b"first\n"
    gate.touch()
    assert runs.follow_to_the_end() == (b"first\nlast\n", b"", 0)


def test_much_output_comes_in_pieces_and_whole(runs: Runs) -> None:
    code = "import sys\nfor i in range(20000): print(i); print(-i, file=sys.stderr)"
    runs.start(code)
    out, err, status = runs.follow_to_the_end(limit=4096)
    assert out.split() == [str(i).encode() for i in range(20000)]
    assert err.split() == [str(-i).encode() for i in range(20000)]
    assert status == 0


def test_arguments_reach_it_unchanged(runs: Runs) -> None:
    arguments = ["a b", "'\"", "$HOME", "*", "ä", "", "--", "\n"]
    runs.start("import sys; print(sys.argv[1:])", *arguments)
    assert runs.follow_to_the_end()[0].decode().strip() == repr(arguments)


def test_nothing_comes_in(runs: Runs) -> None:
    runs.start("print(repr(input()))")
    assert b"EOFError" in runs.follow_to_the_end()[1]


def environment_seen(runs: Runs, isolated: bool) -> dict[str, str]:
    runs.start("import json, os; print(json.dumps(dict(os.environ)))", isolated=isolated)
    return json.loads(runs.follow_to_the_end()[0])


def test_its_environment(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/blenders/own")
    monkeypatch.setenv("PYTHONHOME_OF_OTHERS", "x")
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.example/simple")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    seen = environment_seen(runs, isolated=False)
    assert not [name for name in seen if name.startswith("PYTHON")]
    assert seen["PIP_INDEX_URL"] == "http://index.example/simple"
    assert seen["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert seen["PIP_NO_INPUT"] == "1"


def test_its_environment_without_pips_settings(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.example/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/etc/pip.conf")
    seen = environment_seen(runs, isolated=True)
    settings = {name: value for name, value in seen.items() if name.startswith("PIP_")}
    assert settings == {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
    }


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc, which Linux has")
def test_finishing_ends_it_with_all_its_children(runs: Runs, tmp_path: Path) -> None:
    # A child of a child whose parent has gone, as a build's compiler may be.
    code = (
        "import subprocess, sys, time\n"
        "inner = 'import time; time.sleep(600)'\n"
        "outer = f'import subprocess, sys; '"
        "f'print(subprocess.Popen([sys.executable, \"-c\", {inner!r}]).pid, flush=True)'\n"
        "subprocess.run([sys.executable, '-c', outer], check=True)\n"
        "time.sleep(600)"
    )
    pid = runs.start(code)
    for _ in patiently():
        if seen := runs.follow()["stdout"]:
            break
    grandchild = int(seen)
    assert is_running(pid)
    assert is_running(grandchild)
    assert runs.finish()
    assert not is_running(pid)
    for _ in patiently():
        if not is_running(grandchild):
            break
    assert os.listdir(tmp_path / "temporary") == []
    assert not runs.finish()


def test_finishing_leaves_blender_itself_alone(runs: Runs) -> None:
    pid = runs.start("import time; time.sleep(600)")
    assert os.getpgid(pid) != os.getpgid(0)
    assert runs.finish()


def test_two_runs_at_a_time(runs: Runs) -> None:
    runs.start("print(1)")
    command = [sys.executable, "-c", "print(2)"]
    runs.act(action="start", id="another", command=command, isolated=False)
    assert runs.follow_to_the_end()[0] == b"1\n"
    assert runs.act(action="finish", id="another").keys() == {"cancelled"}


def test_an_interpreter_that_is_not_there(runs: Runs, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        runs.act(action="start", id="a run", command=["/no/such/python"], isolated=False)
    assert os.listdir(tmp_path / "temporary") == []
    assert not runs.finish()


def test_finishing_what_was_never_started(runs: Runs) -> None:
    assert not runs.finish()
