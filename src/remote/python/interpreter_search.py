"""Finding the interpreter that belongs to Blender, and asking it.

All of this takes other processes, so it runs on a thread of its own, where nothing may touch bpy.
"""

import json
import ntpath
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from interpreter import Identity
from kept_findings import findings, mark
from masking import masked
from python_folders import same_path

IDENTITY_SECONDS = 5


class NoAnswerError(Exception):
    """A process that was asked couldn't be started, failed, took too long or spoke nonsense."""


def clean_environment() -> dict[str, str]:
    """Give the environment without what changes how Python starts; proxies and PIP_* stay.

    Nor is there what would lead to programs in Blender's current folder: in PATH, an entry that
    isn't absolute, or none at all.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("PYTHON") and name != "__PYVENV_LAUNCHER__"
    }
    folders = [one for one in kept.pop("PATH", "").split(os.pathsep) if os.path.isabs(one)]
    if folders:
        kept["PATH"] = os.pathsep.join(folders)
    return {**kept, "NoDefaultCurrentDirectoryInExePath": "1"}


def output_of(argv: list[str], seconds: float, text: str = "") -> str:
    """Run a process to its end and give its standard output.

    Raises:
        NoAnswerError: it can't be started, fails, or isn't done in time.
    """
    try:
        done = subprocess.run(
            argv,
            input=text.encode(),
            capture_output=True,
            timeout=seconds,
            env=clean_environment(),
            check=False,
            # Else a console window would open over a Blender with a GUI.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        raise NoAnswerError(f"no answer within {seconds:g} s") from None
    except OSError as error:
        raise NoAnswerError(error.strerror or str(error)) from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[-1].strip() if lines else f"exit status {done.returncode}"
        # Python puts its own path before "No module named pip".
        raise NoAnswerError(masked(re.sub(r"^.*python[\w.]*: ", "", reason)))
    return done.stdout.decode(errors="replace")


class Interpreter:
    """An interpreter's executable, and ``interpreter.py`` to ask it with."""

    def __init__(self, executable: str, source: str) -> None:
        self.executable = executable
        self._source = source

    def ask(self, mode: str, seconds: float) -> Any:  # noqa: ANN401
        """Give the answer of one mode of ``interpreter.py``; raises as ``answer``."""
        return self.answer(self._source, ["-I", "-X", "utf8", "-", mode], seconds)

    def answer(self, source: str, arguments: list[str], seconds: float) -> Any:  # noqa: ANN401
        """Give the JSON that a program prints, whose text is on its standard input.

        Raises:
            NoAnswerError: as ``output_of``, or the answer isn't JSON.
        """
        output = output_of([self.executable, *arguments], seconds, source)
        try:
            return json.loads(output)
        except ValueError:
            raise NoAnswerError(f"answered {output[:80]!r}") from None

    def pip(self) -> list[str]:
        """Give the command line that runs pip, to be followed by its arguments."""
        return [self.executable, "-I", "-X", "utf8", "-m", "pip"]


def executable_candidates(prefix: str) -> list[str]:
    """Give the paths that the running Python's executable may have, the likeliest first.

    ``sys.executable`` alone won't do: Blender sets it to the first pythonX.Y on PATH, which may be
    a shim or another installation, or to None.
    """
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    candidates = [
        sys.executable,
        os.path.join(prefix, "bin", name),
        os.path.join(prefix, "bin", "python3"),
        os.path.join(prefix, "bin", "python"),
        os.path.join(prefix, "bin", "python.exe"),
        os.path.join(prefix, "python.exe"),
        os.path.join(prefix, "Scripts", "python.exe"),
    ]
    # A Blender that takes itself for Python would open a window.
    pythons = [path for path in candidates if path and "python" in ntpath.basename(path).lower()]
    # What lies elsewhere, a shim for instance, is started only when nothing in the prefix fits.
    pythons.sort(key=lambda path: not is_below(path, prefix))
    return list(dict.fromkeys(pythons))


def is_below(path: str, prefix: str) -> bool:
    """Tell whether a path, as it stands, begins with this folder."""
    return path.startswith(prefix.rstrip(os.sep) + os.sep)


def differences(seen: Identity, expected: Identity) -> list[str]:
    """Name what tells an interpreter apart from the running one."""
    found: list[str] = []
    for key, want in expected.items():
        have = seen.get(key)
        if key in ("prefix", "base_prefix"):
            if not isinstance(have, str) or not same_path(have, str(want)):
                found.append(f"its {key} is {have}, Blender's is {want}")
        elif have != want:
            found.append(f"its {key} is {have!r}, Blender's is {want!r}")
    return found


def find_interpreter(
    candidates: Iterable[str], expected: Identity, source: str
) -> tuple[Interpreter | None, str | None]:
    """Give the first candidate that is the running Python's executable, or why there is none.

    One in Blender's own prefix is asked once while it stays the same file; what lies elsewhere,
    such as a shim, may start another one each time.
    """
    reasons: list[str] = []
    known = findings()
    for path in candidates:
        if not os.path.isfile(path):
            reasons.append(f"{path}: not there")
            continue
        interpreter = Interpreter(path, source)
        key = ("interpreter", mark(path), json.dumps(expected))
        if key in known:
            return interpreter, None
        try:
            problems = differences(interpreter.ask("identity", IDENTITY_SECONDS), expected)
        except NoAnswerError as error:
            problems = [str(error)]
        if not problems:
            if is_below(path, expected["prefix"]):
                known[key] = True
            return interpreter, None
        reasons.append(f"{path}: {problems[0]}")
    return None, "; ".join(reasons) or "no place to look at"
