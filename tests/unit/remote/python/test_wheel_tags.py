"""The wheel tags that are found inside Blender are the interpreter's own."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from programs import SCRIPTS, SOURCE
from systems import posix_only

# What another Python is to run: as in Blender, its own path has more than an isolated one's.
ASK = f"""
import json, sys
sys.path[:0] = [{str(SCRIPTS)!r}, {str(SCRIPTS.parents[1] / "packages")!r}]
before = set(sys.modules)
import wheel_tags
found = wheel_tags.tags_inside(sys.argv[1])
new = sorted(name for name in set(sys.modules) - before if "pack" in name or "pip" in name)
print(json.dumps([found, new]))
"""


def inside(python: str, first: str = "") -> tuple[Any, list[str]]:
    """Ask inside a Python; what was found, and what of packaging and pip is imported there."""
    done = subprocess.run(
        [python, "-c", first + ASK, python], capture_output=True, text=True, check=True, timeout=60
    )
    found, new = json.loads(done.stdout)
    return found, new


def started(python: str) -> Any:
    """Ask the interpreter, as it is done where the tags can't be found inside."""
    argv = [python, "-I", "-X", "utf8", "-", "wheels"]
    done = subprocess.run(argv, input=SOURCE, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def library(folder: Path, tags: str) -> None:
    """Make a `packaging` whose tags are these."""
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "tags.py").write_text(f"def sys_tags(): return {tags}\n", encoding="utf-8")


def site_of(python: str) -> Path:
    show = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run([python, "-c", show], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


class TestSameAsTheInterpreter:
    def test_of_pip(self) -> None:
        found, new = inside(sys.executable)
        assert found == started(sys.executable)
        assert (found["source"], new) == ("pip", [])

    def test_of_ensurepip(self, bare_python: str) -> None:
        expected = started(bare_python)
        if expected["tags"] is None:
            pytest.skip("this Python has no ensurepip")
        found, new = inside(bare_python)
        assert (found, new, found["source"]) == (expected, [], "ensurepip")

    def test_of_packaging(self, bare_python: str) -> None:
        library(site_of(bare_python) / "packaging", "['py3-none-any']")
        found, new = inside(bare_python)
        assert (found, new, found["source"]) == (started(bare_python), [], "packaging")

    def test_of_pip_before_packaging(self, bare_python: str) -> None:
        site = site_of(bare_python)
        library(site / "packaging", "['py2-none-any']")
        library(site / "pip" / "_vendor" / "packaging", "['py3-none-any']")
        found, new = inside(bare_python)
        assert (found, new, found["source"]) == (started(bare_python), [], "pip")

    @pytest.mark.parametrize(
        "said",
        [
            pytest.param("None", marks=posix_only("a Blender for Windows brings its own")),
            "'/absent/blender'",
        ],
    )
    def test_whatever_sys_executable_says(self, said: str) -> None:
        found, _ = inside(sys.executable, f"import sys; sys.executable = {said}\n")
        assert found == started(sys.executable)


class TestDoubtful:
    @pytest.mark.parametrize("package", ["pip", "packaging", "_manylinux"])
    def test_something_of_that_name_elsewhere(
        self, bare_python: str, tmp_path: Path, package: str
    ) -> None:
        library(tmp_path / "modules" / package, "[]")
        first = f"import sys; sys.path.insert(0, {str(tmp_path / 'modules')!r})\n"
        assert inside(bare_python, first)[0] is None

    def test_a_pip_without_it(self, bare_python: str) -> None:
        (site_of(bare_python) / "pip" / "_vendor").mkdir(parents=True)
        assert inside(bare_python)[0] is None

    @pytest.mark.parametrize("text", ["raise SystemError('damaged')", "def sys_tags(:", ""])
    def test_a_damaged_one(self, bare_python: str, text: str) -> None:
        folder = site_of(bare_python) / "packaging"
        library(folder, "[]")
        (folder / "tags.py").write_text(text, encoding="utf-8")
        assert inside(bare_python) == (None, [])

    def test_an_interpreter_that_is_gone(self, wheel_tags: Any) -> None:
        assert wheel_tags.tags_inside("/absent/python") is None


class TestMemory:
    def test_asked_again(self, wheel_tags: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        first = wheel_tags.tags_inside(sys.executable)
        monkeypatch.setattr(wheel_tags, "_computed", None)
        assert wheel_tags.tags_inside(sys.executable) == first

    def test_another_library(
        self, wheel_tags: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "pip" / "_vendor" / "packaging"
        library(folder, "['py3-none-any']")
        monkeypatch.setattr(wheel_tags, "site_folders", lambda: [str(tmp_path)])
        assert wheel_tags.tags_inside(sys.executable)["tags"] == ["py3-none-any"]
        text = "def sys_tags(): return ['py30-none-any', 'py2-none-any']\n"
        (folder / "tags.py").write_text(text, encoding="utf-8")
        assert wheel_tags.tags_inside(sys.executable)["tags"] == ["py30-none-any", "py2-none-any"]

    def test_the_executable_is_the_one_that_was_found(
        self, wheel_tags: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "pip" / "_vendor" / "packaging"
        library(folder, "[_musllinux.sys.executable, sys.executable]")
        (folder / "_musllinux.py").write_text("import sys\n", encoding="utf-8")
        head = "import sys\nfrom . import _musllinux\n"
        text = (folder / "tags.py").read_text(encoding="utf-8")
        (folder / "tags.py").write_text(head + text, encoding="utf-8")
        monkeypatch.setattr(wheel_tags, "site_folders", lambda: [str(tmp_path)])
        executable = sys.executable
        monkeypatch.setattr(sys, "executable", None)
        assert wheel_tags.tags_inside(executable)["tags"] == [executable] * 2
        assert sys.executable is None

    def test_threads(self, wheel_tags: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wheel_tags, "findings", dict)
        found: list[Any] = []
        ask = lambda: found.append(wheel_tags.tags_inside(sys.executable))  # noqa: E731
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [found[0]] * 4
        assert found[0] is not None
