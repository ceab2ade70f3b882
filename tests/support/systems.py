"""What tests need to know of the system that they run on."""

import ctypes
import os
import sys
from pathlib import Path

import pytest

WINDOWS = os.name == "nt"

# A module of Python's that it hasn't on this system.
ABSENT = "fcntl" if WINDOWS else "winreg"


def is_running(pid: int) -> bool:
    """Tell whether a process goes on; one that nobody has waited for has ended."""
    if sys.platform == "win32":
        return any(one == pid for one in _windows_processes())
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def _windows_processes() -> list[int]:
    numbers = (ctypes.c_uint32 * 4096)()
    size = ctypes.c_uint32()
    ctypes.WinDLL("psapi").EnumProcesses(numbers, ctypes.sizeof(numbers), ctypes.byref(size))
    return list(numbers[: size.value // ctypes.sizeof(ctypes.c_uint32)])


# Where `is_running` can tell.
TELLS_PROCESSES = WINDOWS or os.path.exists("/proc/self/stat")


def needs_fork() -> None:
    """Skip a test whose helper kills a copy of this process."""
    if not hasattr(os, "fork"):
        pytest.skip("POSIX only: Windows has no fork")


def posix_only(why: str) -> pytest.MarkDecorator:
    """Skip a test of what Windows hasn't, and say why."""
    return pytest.mark.skipif(WINDOWS, reason=f"POSIX only: {why}")


def same_lines(output: bytes) -> bytes:
    """Give a process's output with the ends of lines that the service has on every system."""
    return output.replace(os.linesep.encode(), b"\n")


def native(path: str) -> str:
    """Give a path that is written with ``/`` as this system writes it."""
    return path.replace("/", os.sep)


def set_home(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let ``~`` be this folder."""
    monkeypatch.setenv("USERPROFILE" if WINDOWS else "HOME", str(folder))


def temporary_in(folder: Path) -> dict[str, str]:
    """Give the variables that name the folder for temporary files."""
    return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))


def program(path: Path, text: str) -> str:
    """Make a program of Python's source; gives its path, which has an ending on Windows."""
    if WINDOWS:
        source, path = path.with_suffix(".py"), path.with_suffix(".cmd")
        source.write_text(text, encoding="utf-8")
        path.write_text(f'@"{sys.executable}" -I -S "{source}" %*\n', encoding="utf-8")
    else:
        path.write_text(f"#!{sys.executable} -IS\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
    return str(path)


def python_in(environment: Path) -> Path:
    """Give the interpreter of a virtual environment."""
    return environment.joinpath(*(["Scripts", "python.exe"] if WINDOWS else ["bin", "python"]))


def site_in(environment: Path) -> Path:
    """Give the folder for packages of a virtual environment."""
    if WINDOWS:
        return environment / "Lib" / "site-packages"
    (site,) = environment.glob("lib/python*/site-packages")
    return site
