"""Starting, following and ending a process beside Blender: real ones, in pip's place."""

import base64
import errno
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pip_registry
import pytest
import site_lock
from file_lock import hold
from held_folder import OWNER, RECORD
from systems import (
    TELLS_PROCESSES,
    WINDOWS,
    is_running,
    posix_only,
    same_lines,
    temporary_in,
)

PATIENCE_SECONDS = 60
SCRIPTS = Path(__file__).parents[4] / "src" / "remote" / "pip"
GUARD = (SCRIPTS / "pip_guard.py").read_text()
# Guards end what carries it, on the whole machine: two runs of these tests must not meet.
RUN_ID = f"a run of {os.getpid()}"

needs_processes = pytest.mark.skipif(not TELLS_PROCESSES, reason="needs /proc, which Linux has")


class Runs:
    """The scripts' actions."""

    def __init__(self, load: Callable[[str], ModuleType]) -> None:
        self.load = load
        self.registry = pip_registry.REGISTRY
        self.started: dict[str, Any] = {}

    def act(self, action: str, **arguments: Any) -> dict[str, Any]:
        # Every call comes with its own copy of the script.
        if action == "start":
            self.started = self.load("pip_start").main(arguments)
            return self.started
        return self.load("pip_run").main({"action": action, **arguments})

    def try_to_start(self, code: str, *arguments: str, **options: Any) -> dict[str, Any] | None:
        """Give the run that stands in the way, if one does."""
        return self.act("start", **self.order(code, *arguments, **options))["busy"]

    def order(self, code: str, *arguments: str, **options: Any) -> dict[str, Any]:
        return {
            "id": RUN_ID,
            "command": [sys.executable, "-X", "utf8", "-c", code, *arguments],
            "files": {},
            "isolated": False,
            "decided": None,
            "env": {},
            "cwd": None,
            "guard": GUARD,
            "changes": False,
            "purpose": None,
            "before": None,
            **options,
        }

    def start(self, code: str, *arguments: str, **options: Any) -> None:
        assert self.try_to_start(code, *arguments, **options) is None

    def look(self) -> dict[str, Any]:
        return self.act("look")["run"]

    def read(self, stdout: int = 0, stderr: int = 0, limit: int = 10**6, **more: str) -> Any:
        who = {"id": RUN_ID, "follower": "somebody", **more}
        answer: Any = self.act("read", **who, stdout=stdout, stderr=stderr, limit=limit)
        if "stdout" in answer:
            for stream in ("stdout", "stderr"):
                answer[stream] = base64.b64decode(answer[stream])
        return answer

    def cancel(self) -> None:
        self.act("cancel", id=RUN_ID)
        for _ in patiently():
            run = self.look()
            if run is None or run["returncode"] is not None:
                return

    def finish(self, follower: str | None = "somebody") -> None:
        assert self.act("finish", id=RUN_ID, follower=follower) == {}

    def follow_to_the_end(self, limit: int = 10**6) -> tuple[bytes, bytes, int]:
        out, err = b"", b""
        for _ in patiently():
            seen = self.read(len(out), len(err), limit)
            assert len(seen["stdout"]) <= limit
            assert len(seen["stderr"]) <= limit
            out += seen["stdout"]
            err += seen["stderr"]
            if seen["returncode"] is not None:
                return same_lines(out), same_lines(err), seen["returncode"]
        raise AssertionError

    def first_line(self) -> bytes:
        for _ in patiently():
            if b"\n" in (seen := same_lines(self.read()["stdout"])):
                return seen.splitlines()[0]
        raise AssertionError


def patiently() -> Iterator[None]:
    """Goes on until the caller has seen what it waits for."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        yield
        time.sleep(0.005)
    pytest.fail("it didn't happen")


def wait_until_gone(pid: int) -> None:
    for _ in patiently():
        if not is_running(pid):
            return


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def runs(load: Callable[[str], ModuleType], temporary: Path) -> Iterator[Runs]:
    made = Runs(load)
    yield made
    run = made.look()
    if run is not None:
        made.act("cancel", id=run["id"])
        for _ in patiently():
            if made.look()["returncode"] is not None:
                break
        made.act("finish", id=run["id"], follower=None)
    sys.modules.pop(made.registry, None)
    assert os.listdir(temporary) == []


# What comes out


def test_a_run_has_files_of_its_own_and_reports(runs: Runs, temporary: Path) -> None:
    copy = "import sys; r, w = sys.argv[1:]; open(w, 'w').write(open(r).read().upper()); print(r)"
    command = [
        sys.executable,
        "-X",
        "utf8",
        "-c",
        copy,
        {"file": "pins.txt"},
        {"file": "report.json"},
    ]
    runs.start("", command=command, files={"pins.txt": "numpy==1.26.4 \u2713"})
    out, err, code = runs.follow_to_the_end()
    assert (err, code) == (b"", 0)
    assert Path(out.decode().strip()).is_relative_to(temporary)
    assert runs.read(10**6)["report"] == "NUMPY==1.26.4 \u2713"
    assert runs.look()["command"][5:] == ["pins.txt", "report.json"]
    runs.finish()
    assert list(temporary.iterdir()) == []


def test_a_run_without_a_report(runs: Runs) -> None:
    runs.start("print()")
    runs.follow_to_the_end()
    assert runs.read(10**6)["report"] is None


def test_output_and_exit_status(runs: Runs, temporary: Path) -> None:
    runs.start("import sys; print('out ä'); print('err', file=sys.stderr); sys.exit(7)")
    out, err, code = runs.follow_to_the_end()
    assert (out.decode(), err.decode(), code) == ("out ä\n", "err\n", 7)
    runs.finish()
    assert runs.look() is None
    assert os.listdir(temporary) == []


@posix_only("a process's end tells no signal on Windows")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGINT"])
def test_ended_by_a_signal(runs: Runs, name: str) -> None:
    runs.start(f"import os, signal; os.kill(os.getpid(), signal.{name})")
    code = runs.follow_to_the_end()[2]
    assert code == -getattr(signal, name)


def test_output_comes_while_it_runs(runs: Runs, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    code = (
        "import os, sys, time\nprint('first', flush=True)\n"
        "while not os.path.exists(sys.argv[1]): time.sleep(0.005)\nprint('last')"
    )
    runs.start(code, str(gate))
    assert runs.first_line() == b"first"
    assert runs.read()["returncode"] is None
    gate.touch()
    assert runs.follow_to_the_end() == (b"first\nlast\n", b"", 0)


def test_much_output_comes_in_pieces_and_whole(runs: Runs) -> None:
    code = "import sys\nfor i in range(20000): print(i); print(-i, file=sys.stderr)"
    runs.start(code)
    out, err, status = runs.follow_to_the_end(limit=4096)
    assert out.split() == [str(i).encode() for i in range(20000)]
    assert err.split() == [str(-i).encode() for i in range(20000)]
    assert status == 0


# What is known of it


def test_what_it_is_for_and_since_when(runs: Runs) -> None:
    earliest = time.time()
    runs.start("pass", purpose={"line": ["pkg", "install"]}, before=[1, 2])
    runs.follow_to_the_end()
    run = runs.look()
    assert run["purpose"] == {"line": ["pkg", "install"]}
    assert earliest <= run["began"] <= time.time()
    # However much later one looks.
    assert runs.look()["began"] == run["began"]
    assert "before" not in run
    assert runs.act("look_before", id=RUN_ID) == {"before": [1, 2]}
    assert runs.act("look_before", id="another") == {"before": None}


def test_seen_once_somebody_has_followed_it_to_its_end(runs: Runs) -> None:
    runs.start("pass")
    runs.read(follower="a controller that is killed now")
    runs.follow_to_the_end()
    for _ in patiently():
        if runs.look()["returncode"] is not None:
            break
    assert not runs.look()["seen"]
    runs.finish("somebody")
    # The other one may come for its end.
    assert runs.look()["seen"]


def test_no_passwords_of_urls(runs: Runs) -> None:
    index = "--index-url=https://me:secret@host/simple"
    purpose = {"line": ["pkg", "install", index], "part": "plan"}
    runs.start("pass", index, purpose=purpose)
    run = runs.look()
    masked = "--index-url=https://***@host/simple"
    assert run["command"][-1] == masked
    assert run["purpose"] == {"line": ["pkg", "install", masked], "part": "plan"}
    assert "secret" not in json.dumps(run)


def test_a_run_of_an_older_version_of_the_script(runs: Runs) -> None:
    runs.start("pass")
    for name in ("purpose", "before", "began", "seen"):
        del sys.modules[runs.registry].run[name]
    run = runs.look()
    assert (run["purpose"], run["seen"]) == (None, False)
    assert abs(time.time() - run["seconds"] - run["began"]) < PATIENCE_SECONDS
    assert runs.act("look_before", id=RUN_ID) == {"before": None}


# What goes in


def test_arguments_reach_it_unchanged(runs: Runs) -> None:
    arguments = ["a b", "'\"", "$HOME", "*", "ä", "", "--", "-c", "\n"]
    runs.start("import sys; print(sys.argv[1:])", *arguments)
    assert runs.follow_to_the_end()[0].decode().strip() == repr(arguments)


def test_nothing_comes_in(runs: Runs) -> None:
    runs.start("print(repr(input()))")
    assert b"EOFError" in runs.follow_to_the_end()[1]


def environment_seen(runs: Runs, **options: Any) -> dict[str, str]:
    runs.start("import json, os; print(json.dumps(dict(os.environ)))", **options)
    return json.loads(runs.follow_to_the_end()[0])


def test_its_environment(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/blenders/own")
    monkeypatch.setenv("PYTHONHOME_OF_OTHERS", "x")
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.example/simple")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    seen = environment_seen(runs)
    # What pip starts to build something speaks UTF-8 too.
    assert [name for name in seen if name.startswith("PYTHON")] == ["PYTHONUTF8"]
    assert seen["PIP_INDEX_URL"] == "http://index.example/simple"
    assert seen["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert seen["PIP_NO_INPUT"] == "1"


@pytest.mark.parametrize(
    ("path", "expected"),
    [([".", "", "rel", os.path.abspath("/b")], os.path.abspath("/b")), ([".", ""], None)],
)
def test_no_program_of_blenders_current_folder(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, path: list[str], expected: "str | None"
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    assert environment_seen(runs).get("PATH") == expected


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


def test_variables_of_its_own_win(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/blenders/own")
    packages = os.path.abspath("/päckages")
    env = {"PYTHONPATH": packages, "PIP_NO_INPUT": "0"}
    seen = environment_seen(runs, isolated=True, env=env)
    assert {name: seen[name] for name in env} == env
    runs.finish()
    runs.start(f"import sys; print({packages!r} in sys.path)", env=env)
    assert runs.follow_to_the_end()[0] == b"True\n"


def test_variables_that_are_removed(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://theirs:1")
    monkeypatch.setenv("NO_PROXY", "localhost")
    env = {"HTTPS_PROXY": None, "NO_PROXY": None, "http_proxy": "http://ours:1"}
    seen = environment_seen(runs, env=env)
    # On Windows all names of variables are upper case.
    proxies = {name.lower(): seen[name] for name in seen if name.lower().endswith("_proxy")}
    assert proxies == {"http_proxy": "http://ours:1"}


def test_settings_that_are_decided(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://host/simple\n[install]\ntarget = /elsewhere\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_USER", "1")
    decided = {"command": "install", "names": ["user", "target"]}
    places = [f"[install] target in {file}", "PIP_USER"]
    seen = environment_seen(runs, decided=decided)
    assert runs.started["left_out"] == places
    assert seen["PIP_INDEX_URL"] == "https://host/simple"
    assert {"PIP_USER", "PIP_TARGET"}.isdisjoint(seen)
    runs.finish()
    seen = environment_seen(runs, decided=decided, isolated=True)
    assert runs.started["left_out"] == places
    assert "PIP_INDEX_URL" not in seen


def test_a_disk_that_is_too_full_to_begin(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    assert runs.try_to_start("") is None
    assert runs.started["full"] == str(temporary)


def test_the_folder_that_it_runs_in(runs: Runs, tmp_path: Path) -> None:
    code = "import os; print(os.getcwd(), os.listdir())"
    runs.start(code)
    assert runs.follow_to_the_end()[0].decode().split(" ")[0] == os.getcwd()
    runs.finish()
    (tmp_path / "ö").mkdir()
    runs.start(code, cwd=str(tmp_path / "ö"))
    assert runs.follow_to_the_end()[0].decode() == f"{tmp_path / 'ö'} []\n"
    runs.finish()
    runs.start(code, cwd="")
    path, _, listing = runs.follow_to_the_end()[0].decode().strip().partition(" ")
    assert listing == "[]"
    assert not Path(path).samefile(os.getcwd())
    runs.finish()
    assert not os.path.exists(path)


def test_what_it_leaves_in_the_temporary_folder_goes_with_it(runs: Runs, temporary: Path) -> None:
    runs.start("import tempfile; print(tempfile.mkdtemp())")
    left = runs.follow_to_the_end()[0].decode().strip()
    assert Path(left).is_relative_to(temporary)
    runs.finish()
    assert not os.path.exists(left)


@pytest.mark.parametrize("options", [{"command": ["/no/such/python"]}, {"cwd": "/no/such/folder"}])
def test_what_cant_be_started_leaves_nothing(
    runs: Runs, temporary: Path, options: dict[str, Any]
) -> None:
    # Windows calls a folder that isn't there "invalid", and names neither.
    errors = (FileNotFoundError, NotADirectoryError)
    with pytest.raises(errors, match="WinError" if WINDOWS else "/no/such"):
        runs.start("pass", **options)
    assert os.listdir(temporary) == []
    assert runs.look() is None


# Ending it

# Prints the ids of a grandchild whose parent is gone, as a build's compiler may be, and of one in
# a session of its own.
FAMILY = """
import subprocess, sys, time
sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
print_one = f"import subprocess; print(subprocess.Popen({sleeper!r}).pid, flush=True)"
subprocess.run([sys.executable, "-c", print_one], check=True)
print(subprocess.Popen(sleeper, start_new_session=True).pid)
print("all", flush=True)
time.sleep(600)
"""


def start_family(runs: Runs) -> list[int]:
    """Give the processes that there are then."""
    runs.start(FAMILY)
    for _ in patiently():
        if (lines := runs.read()["stdout"].split()) and lines[-1] == b"all":
            break
    found = [runs.look()["pid"], *map(int, lines[:-1])]
    assert len(found) == 3
    assert all(is_running(pid) for pid in found)
    return found


@needs_processes
def test_cancelling_ends_it_with_all_its_children(runs: Runs, temporary: Path) -> None:
    processes = start_family(runs)
    runs.cancel()
    for pid in processes:
        wait_until_gone(pid)
    seen = runs.read()
    assert seen["cancelled"]
    assert seen["returncode"] is not None
    runs.finish(None)
    assert runs.look() is None
    # Others who follow it are told.
    assert runs.read() == {"cancelled": True}
    assert os.listdir(temporary) == []


@needs_processes
def test_cancelling_without_its_guard(runs: Runs) -> None:
    pip, grandchild, stray = start_family(runs)
    sys.modules[runs.registry].run["guard"].kill()
    sys.modules[runs.registry].run["guard"].wait()
    runs.cancel()
    for pid in (pip, grandchild):
        wait_until_gone(pid)
    # On Windows it has ended with the guard's job.
    if not WINDOWS:
        os.kill(stray, signal.SIGKILL)


@posix_only("Windows has no groups")
def test_it_is_apart_from_blenders_own_group(runs: Runs) -> None:
    runs.start("import os, time; print(os.getpgid(0), flush=True); time.sleep(600)")
    assert int(runs.first_line()) != os.getpgid(0)


def test_cancelling_what_is_not_there(runs: Runs) -> None:
    runs.start("import time; time.sleep(600)")
    assert runs.act("cancel", id="another") == {"run": None}
    assert runs.look()["returncode"] is None


@pytest.mark.parametrize("moment", ["before", "meanwhile"])
def test_cancelling_what_is_about_to_start(
    runs: Runs, temporary: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    processes: list[int] = []
    script = runs.load("pip_start")
    begin = script.begin

    def begun(order: Any) -> Any:
        one = begin(order)
        processes.extend((one.process.pid, one.guard.pid))
        # Beside the start, whose run isn't known yet.
        assert runs.act("cancel", id=RUN_ID) == {"run": None}
        return one

    monkeypatch.setattr(script, "begin", begun)
    if moment == "before":
        assert runs.act("cancel", id=RUN_ID) == {"run": None}
    script.main(runs.order("import time; time.sleep(600)"))
    assert len(processes) == (0 if moment == "before" else 2)
    assert not any(is_running(pid) for pid in processes)
    assert os.listdir(temporary) == []
    assert runs.look() is None
    assert runs.read() == {"cancelled": True}
    # It is about that run alone.
    runs.start("print('done')", id="another")
    assert runs.look()["id"] == "another"


def test_cancelling_what_has_ended_by_itself(runs: Runs) -> None:
    runs.start("print('done')")
    runs.follow_to_the_end()
    runs.cancel()
    assert runs.read(5)["cancelled"] is False


@posix_only("Windows has no zombies")
@needs_processes
def test_nobody_looks_and_still_no_zombie_stays(runs: Runs) -> None:
    runs.start("pass")
    run = sys.modules[runs.registry].run
    for process in (run["process"], run["guard"]):
        for _ in patiently():
            if not os.path.exists(f"/proc/{process.pid}"):
                break


BLENDER = f"""
import json, sys
sys.path[:0] = {sys.path!r}
import pip_run, pip_start
print(pip_start.main(json.loads(sys.argv[1])), flush=True)
print(pip_run.main({{"action": "look"}})["run"]["pid"], flush=True)
sys.stdin.read()
"""


@needs_processes
@pytest.mark.parametrize("killed", [True, False])
def test_a_blender_that_ends_takes_it_along(temporary: Path, killed: bool) -> None:
    start = {
        "id": RUN_ID,
        "command": [sys.executable, "-X", "utf8", "-c", FAMILY],
        "files": {},
        "isolated": False,
        "decided": None,
        "env": {},
        "cwd": None,
        "guard": GUARD,
        "changes": False,
        "purpose": None,
        "before": None,
    }
    with subprocess.Popen(
        [sys.executable, "-c", BLENDER, json.dumps(start)],
        env={**os.environ, **temporary_in(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as blender:
        assert blender.stdin
        assert blender.stdout
        assert b"'busy': None" in blender.stdout.readline()
        pip = int(blender.stdout.readline())
        output = next(temporary.glob("*/stdout"))
        for _ in patiently():
            if (lines := output.read_text().split()) and lines[-1] == "all":
                break
        if killed:
            blender.kill()
        else:
            blender.stdin.close()
    for pid in [pip, *map(int, lines[:-1])]:
        wait_until_gone(pid)
    for _ in patiently():
        if not os.listdir(temporary):
            break


# Several


def test_a_second_run_is_refused(runs: Runs) -> None:
    runs.start("import time; time.sleep(600)")
    busy = runs.try_to_start("print(2)", id="another")
    assert busy == {**runs.look(), "seconds": pytest.approx(0, abs=PATIENCE_SECONDS)}
    assert busy["id"] == RUN_ID
    assert busy["returncode"] is None
    assert busy["command"][-1] == "import time; time.sleep(600)"


@pytest.mark.parametrize(
    ("code", "part", "kept"),
    [
        ("", "user-modules", True),
        ("", "site", False),
        ("raise SystemExit(1)", "user-modules", False),
    ],
)
def test_an_install_that_nobody_has_finished(runs: Runs, code: str, part: str, kept: bool) -> None:
    purpose = {"line": ["pkg", "install"], "part": part, "stage": "/stage"}
    runs.start(code, purpose=purpose)
    for _ in patiently():
        if runs.look()["returncode"] is not None:
            break
    refused = runs.try_to_start("print(2)", id="another")
    assert (refused is not None) == kept
    if kept:
        assert (refused["id"], refused["returncode"], refused["seen"]) == (RUN_ID, 0, False)
        assert refused["unfinished"]
        runs.finish()
        assert runs.try_to_start("print(2)", id="another") is None


def test_what_an_ended_run_wrote_is_kept_until_the_next(runs: Runs, temporary: Path) -> None:
    runs.start("print(1)")
    for _ in patiently():
        if runs.look()["returncode"] is not None:
            break
    assert runs.follow_to_the_end() == (b"1\n", b"", 0)
    runs.start("print(2)", id="another")
    assert len(os.listdir(temporary)) == 1
    assert runs.read() == {"cancelled": False}


def test_a_run_is_kept_for_others_who_follow_it(
    runs: Runs, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.start("print(1)")
    runs.read(follower="other")
    runs.follow_to_the_end()
    runs.finish()
    assert same_lines(runs.read(follower="other")["stdout"]) == b"1\n"
    runs.finish("other")
    assert runs.look() is None
    assert os.listdir(temporary) == []

    # One that hasn't asked for long is gone.
    runs.start("print(1)")
    runs.read(follower="other")
    runs.follow_to_the_end()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 3600)
    runs.finish()
    assert runs.look() is None


def test_finishing_what_still_runs_changes_nothing(runs: Runs) -> None:
    runs.start("import time; time.sleep(600)")
    runs.finish()
    assert runs.look()["returncode"] is None


def test_how_long_it_ran(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.start("pass")
    runs.follow_to_the_end()
    for _ in patiently():
        if sys.modules[runs.registry].run["ended"] is not None:
            break
    seconds = runs.read()["seconds"]
    assert 0 < seconds < PATIENCE_SECONDS
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 3600)
    assert runs.read()["seconds"] == runs.look()["seconds"] == seconds


# Those of other Blenders

LOCK = ".blender-remote-pip.lock"


@pytest.fixture
def sites(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Give the folders of packages; the last one doesn't exist."""
    folders = [tmp_path / "one", tmp_path / "other", tmp_path / "none"]
    for folder in folders[:2]:
        folder.mkdir()
    module = importlib.import_module("python_folders")
    monkeypatch.setattr(module, "site_folders", lambda: [str(one) for one in folders])
    assert runs.look() is None
    return folders


def wait_for_its_end(runs: Runs) -> None:
    for _ in patiently():
        if runs.look()["returncode"] is not None:
            return


def test_a_run_that_changes_packages_holds_their_folders(runs: Runs, sites: list[Path]) -> None:
    runs.start("import time; time.sleep(600)", changes=True)
    assert [site_lock.is_taken(str(folder)) for folder in sites] == [True, True, False]
    assert site_lock.take(str(sites[0])) is None
    runs.cancel()
    assert [list(folder.iterdir()) for folder in sites[:2]] == [[], []]
    runs.finish(None)
    runs.start("import time; time.sleep(600)")
    assert not site_lock.is_taken(str(sites[0]))


def test_another_one_changes_a_folder(runs: Runs, sites: list[Path], temporary: Path) -> None:
    other = site_lock.take(str(sites[1]))
    assert other is not None
    assert runs.try_to_start("pass", changes=True) is None
    assert runs.started["taken"] == str(sites[1])
    assert runs.look() is None
    assert (list(sites[0].iterdir()), os.listdir(temporary)) == ([], [])
    # What changes nothing goes beside it.
    runs.start("pass")
    wait_for_its_end(runs)
    other()
    runs.start("pass", changes=True)
    wait_for_its_end(runs)


def test_what_cant_be_started_holds_nothing(runs: Runs, sites: list[Path]) -> None:
    with pytest.raises(FileNotFoundError):
        runs.start("pass", command=["/no/such/python"], changes=True)
    assert list(sites[0].iterdir()) == []


# What earlier Blenders left


def test_leftovers_go_and_others_stay(runs: Runs, temporary: Path) -> None:
    dead, making, other = (temporary / f"blender-remote-{name}" for name in ["pip-1", "pip-2", "x"])
    for folder in (dead, making, other):
        (folder / "tmp").mkdir(parents=True)
        folder.chmod(0o700)
        (folder / OWNER).touch()
    (dead / RECORD).touch()
    (other / RECORD).touch()
    alive = temporary / "blender-remote-pip-3"
    alive.mkdir(0o700)
    with hold(alive / OWNER):
        (alive / RECORD).touch()
        runs.start("import time; time.sleep(600)")
        assert runs.read()["returncode"] is None
        assert not dead.exists()
        assert (making / "tmp").exists()
        assert (other / "tmp").exists()
        assert (alive / OWNER).exists()
    for folder in (making, other, alive):
        shutil.rmtree(folder)
