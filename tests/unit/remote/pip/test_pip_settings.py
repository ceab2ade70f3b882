"""How pip is set up on a machine, compared with what pip itself says of it."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pip_settings import (
    PipConfigError,
    config_files,
    effective,
    pip_settings,
    undecided,
)
from systems import WINDOWS, set_home

not_on_macos = pytest.mark.skipif(sys.platform == "darwin", reason="its settings are elsewhere")

# Where pip looks, below the folders of a test's machine.
EVERYBODYS = "all1/pip/pip.ini" if WINDOWS else "all1/pip/pip.conf"
USERS = "home/pip/pip.ini" if WINDOWS else "home/.config/pip/pip.conf"
USERS_OLD = "home/pip/pip.ini" if WINDOWS else "home/.pip/pip.conf"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine whose settings are those of a test."""
    for name in [name for name in os.environ if name.upper().startswith(("PIP_", "XDG_"))]:
        monkeypatch.delenv(name)
    set_home(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("XDG_CONFIG_DIRS", f"{tmp_path / 'all1'}:{tmp_path / 'all2'}")
    return tmp_path


def pip(*arguments: str, env: "dict[str, str] | None" = None) -> str:
    command = [sys.executable, "-I", "-X", "utf8", "-m", "pip", *arguments]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout


def write(file: Path, text: str) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return str(file)


@not_on_macos
def test_the_files_are_pips(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def by_pip() -> list[str]:
        lines = [line.strip() for line in pip("config", "debug").splitlines()]
        return [line.partition(", exists: ")[0] for line in lines if ", exists: " in line]

    # In another order than it reads them.
    assert set(config_files(os.environ)) == set(by_pip())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(machine / "config"))
    monkeypatch.delenv("XDG_CONFIG_DIRS")
    assert set(config_files(os.environ)) == set(by_pip())
    own = write(machine / "own.conf", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", own)
    first, *others = by_pip()
    assert config_files(os.environ)[-1] == first
    assert set(config_files(os.environ)) == {first, *others}
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert config_files(os.environ) == []


@not_on_macos
def test_what_wins(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Windows tells pip itself of that folder in another way.
    monkeypatch.setenv("PROGRAMDATA", str(machine / "all1"))
    write(machine / EVERYBODYS, "[install]\nproxy = p:1\ncert = /c\n[list]\nuser = 1\n")
    write(
        machine / USERS,
        "[global]\nproxy = p:2\nINDEX_URL = https://h\n--timeout = 7\nretries = 3\n"
        "[install]\nretries =\ncert =\n",
    )
    monkeypatch.setenv("PIP_TIMEOUT", "9")
    monkeypatch.setenv("PIP_INDEX_URL", "")
    monkeypatch.setenv("PIP_Trusted_Host", "é")
    found = {k: v for k, v in effective(pip_settings("install", os.environ)).items() if k in names}
    assert found == {
        "proxy": "p:1",
        "index-url": "https://h",
        "timeout": "9",
        "retries": "3",
        "trusted-host": "é",
    }


names = {"proxy", "index-url", "timeout", "retries", "trusted-host", "user"}


@not_on_macos
def test_what_is_left_is_what_pip_goes_by(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(
        machine / USERS_OLD,
        "[global]\nindex-url = https://h/%20s\nfind-links =\n  /a\n  /b\nuser = no\n"
        "[install]\ntarget = /t\n",
    )
    monkeypatch.setenv("PIP_PREFIX", "/p")
    monkeypatch.setenv("PIP_TIMEOUT", "9")
    kept, places = undecided("install", ["target", "prefix", "user"], os.environ)
    assert places == [f"[install] target in {file}", "PIP_PREFIX"]
    lines = [line.partition("=") for line in pip("config", "list", env=kept).splitlines()]
    by_pip = {name: ast.literal_eval(value) for name, _, value in lines}
    # What the machine of these tests says for all its users.
    of_test = {f":env:.{name}" for name in ("index-url", "find-links", "timeout", "target", "user")}
    assert {name: value for name, value in by_pip.items() if name in of_test} == {
        ":env:.index-url": "https://h/%20s",
        ":env:.find-links": "\n/a\n/b",
        ":env:.timeout": "9",
    }


def test_nothing_to_leave_out(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(machine / USERS_OLD, "[global]\nindex-url = https://h\n")
    monkeypatch.setenv("PIP_NO_DEPS", "0")
    kept, places = undecided("install", ["no-deps"], os.environ)
    assert places == []
    # Nor is what pip reads itself given to it again.
    assert kept == {name: os.environ[name] for name in os.environ if name != "PIP_NO_DEPS"}


def test_a_file_that_is_none(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = machine / "own.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(own))
    for content in (b"nonsense", b"[global]\nproxy = \xff\n"):
        own.write_bytes(content)
        with pytest.raises(PipConfigError, match=r"own\.conf"):
            pip_settings("install", os.environ)
