"""Trial imports: real processes of this Python, with modules that do what they like."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from systems import WINDOWS, is_running

REMOTE = Path(__file__).parents[4] / "src" / "remote"
PARTS = ("install/try_import.py", "install/import_one.py", "pip/windows_job.py")

# Holds Python's lock all the while: no thread of that process gets to run.
HANGS = "import re\nre.match('(a+)+$', 'a' * 60 + 'b')"

BLENDERS = ["bpy", "bl_math", "mathutils"]


class Trial:
    """Tries modules that lie in a folder of its own."""

    def __init__(self, folder: Path, module: ModuleType) -> None:
        self.folder = folder
        self.module = module

    def __call__(self, modules: dict[str, str]) -> list[dict[str, Any]]:
        """Write the modules and try each; gives what is reported."""
        site = self.folder / "site"
        site.mkdir()
        for name, text in modules.items():
            (site / f"{name}.py").write_text(text)
        path = [str(site), *[entry for entry in sys.path if entry]]
        order = {"path": path, "built_in": BLENDERS, "modules": list(modules)}
        (self.folder / "order.json").write_text(json.dumps(order))
        self.module.main(str(self.folder / "order.json"), str(self.folder / "report.json"))
        return json.loads((self.folder / "report.json").read_text())


@pytest.fixture
def trial(tmp_path: Path, load: Callable[[str], ModuleType]) -> Trial:
    return Trial(tmp_path, load("try_import"))


def errors(found: list[dict[str, Any]]) -> dict[str, str | None]:
    return {one["module"]: one["error"] for one in found}


def test_what_works_and_what_raises(trial: Trial) -> None:
    works, raises = trial({"br_works": "", "br_raises": "import br_works\nimport br_absent"})
    assert works == {"module": "br_works", "error": None, "lines": [], "needs_blender": False}
    assert raises["error"] == "ModuleNotFoundError: No module named 'br_absent'"
    assert [Path(line).name for line in raises["lines"]] == ["br_raises.py:2"]
    assert not raises["needs_blender"]


def test_one_does_not_spoil_the_others(trial: Trial) -> None:
    found = errors(
        trial(
            {
                "br_first": "",
                "br_crashes": "import faulthandler\nfaulthandler._read_null()",
                "br_leaves": "import os\nos._exit(0)",
                "br_exits": "import sys\nsys.exit(3)",
                "br_stops": "raise KeyboardInterrupt",
                # Ends the process a little later, whatever that is doing then.
                "br_late": (
                    "import os, threading, time\n"
                    "threading.Thread(target=lambda: (time.sleep(0.2), os._exit(7))).start()"
                ),
                "br_slow": "import time\ntime.sleep(1)",
                "br_last": "",
            }
        )
    )
    assert found == {
        "br_first": None,
        "br_crashes": f"Python crashes ({'0xC0000005' if WINDOWS else 'SIGSEGV'})",
        "br_leaves": "Python ends with exit status 0",
        "br_exits": "SystemExit: 3",
        "br_stops": "KeyboardInterrupt",
        "br_late": None,
        "br_slow": None,
        "br_last": None,
    }


def test_what_hangs_ends_and_is_told(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial.module, "LIMIT_SECONDS", 3)
    found = errors(
        trial(
            {
                "br_hangs": HANGS,
                "br_sleeps": "import time\ntime.sleep(3600)",
                "br_fine": "",
            }
        )
    )
    late = "it isn't done after 3 s"
    assert found == {"br_hangs": late, "br_sleeps": late, "br_fine": None}


def test_all_together_end_as_well(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial.module, "WHOLE_LIMIT_SECONDS", 2)
    modules = {f"br_hangs{number}": HANGS for number in range(6)}
    began = time.monotonic()
    found = errors(trial(modules))
    assert time.monotonic() - began < 10
    # The others had no turn: nothing is known of them.
    assert list(found) == [f"br_hangs{number}" for number in range(4)]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
            "Mute",
        ),
        ("raise ImportError('odd', name=7)", "ImportError: odd"),
        ("raise ValueError('x' * 10_000_000)", f"ValueError: {'x' * 1988}"),
        ("raise ValueError('\\udc80')", "ValueError: \\udc80"),
        ("raise ValueError('\\x1b[31m\\nred\\t')", "ValueError: \\x1b[31m\nred\\t"),
    ],
)
def test_exceptions_of_every_kind(trial: Trial, text: str, error: str) -> None:
    assert errors(trial({"br_odd": text})) == {"br_odd": error}


def test_a_deep_recursion_has_few_lines(trial: Trial) -> None:
    (deep,) = trial({"br_deep": "def down(): down()\ndown()"})
    assert deep["error"].startswith("RecursionError")
    assert len(deep["lines"]) == 20


def test_what_it_has_started_ends_with_it(trial: Trial) -> None:
    started = trial.folder / "started"
    text = f"""import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(started)!r}, "w").write(str(child.pid))
"""
    (tried,) = trial({"br_server": text})
    assert tried["error"] is None
    pid = int(started.read_text())
    until = time.monotonic() + 20
    while is_running(pid):
        assert time.monotonic() < until


def test_lines_of_whoever_is_called_like_pythons_own(trial: Trial) -> None:
    (tried,) = trial({"br_importlib_thing": "1 / 0"})
    assert [Path(line).name for line in tried["lines"]] == ["br_importlib_thing.py:1"]


def test_much_output_goes_nowhere(tmp_path: Path) -> None:
    text = "import sys\nfor _ in range(200): print('x' * 1_000_000)\nsys.stderr.write('y' * 1000)"
    (tmp_path / "br_loud.py").write_text(text)
    order = {"path": [str(tmp_path), *sys.path], "built_in": [], "modules": ["br_loud"]}
    (tmp_path / "order.json").write_text(json.dumps(order))
    for part in PARTS:
        shutil.copy(REMOTE / part, tmp_path)
    command = [sys.executable, "-I", "try_import.py", "order.json", "report.json"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    assert (ran.stdout, ran.stderr) == (b"", b"")
    assert errors(json.loads((tmp_path / "report.json").read_text())) == {"br_loud": None}


@pytest.mark.parametrize(
    ("text", "works"),
    [
        ("import bpy", False),
        ("from bl_math import lerp", False),
        ("import bpy.types", False),
        ("try:\n    import bpy\nexcept ImportError:\n    raise RuntimeError('no')", False),
        ("try:\n    import bpy\nexcept ImportError:\n    bpy = None\nbpy.app", False),
        ("try:\n    import mathutils\nexcept ImportError:\n    pass", True),
    ],
)
def test_who_asks_for_blenders_own_is_not_judged(trial: Trial, text: str, works: bool) -> None:
    beside, found = trial({"br_beside": "", "br_asks": text})
    assert not beside["needs_blender"]
    assert (found["error"] is None, found["needs_blender"]) == (works, True)


def test_what_this_python_has_is_not_blenders(trial: Trial) -> None:
    BLENDERS.append("xxsubtype")
    try:
        (found,) = trial({"br_plain": "import xxsubtype"})
    finally:
        BLENDERS.remove("xxsubtype")
    assert (found["error"], found["needs_blender"]) == (None, False)
