"""Which interpreter is Blender's."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from interpreter import identity
from programs import SOURCE, another
from systems import native


class TestInterpreter:
    def test_the_running_one(self, interpreter_search: Any) -> None:
        candidates = interpreter_search.executable_candidates(sys.prefix)
        found, error = interpreter_search.find_interpreter(candidates, identity(), SOURCE)
        assert (found.executable, error) == (sys.executable, None)

    def test_wrong_ones_are_passed_over(
        self,
        interpreter_search: Any,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        bare_python: str,
    ) -> None:
        monkeypatch.setattr(interpreter_search, "IDENTITY_SECONDS", 2)
        wrong = [
            str(tmp_path / "absent"),
            another(tmp_path, "raise SystemExit(3)"),
            another(tmp_path, "print('hello', end='')"),
            another(tmp_path, "import time; time.sleep(4)"),
            bare_python,
        ]
        expected = identity()
        found, error = interpreter_search.find_interpreter(wrong, expected, SOURCE)
        assert found is None
        reasons = error.split("; ")
        assert [reason.split(": ", 1)[1] for reason in reasons] == [
            "not there",
            "exit status 3",
            "answered 'hello'",
            "no answer within 2 s",
            f"its prefix is {tmp_path / 'bare'}, Blender's is {sys.prefix}",
        ]
        found, error = interpreter_search.find_interpreter(
            [*wrong[:3], sys.executable], expected, SOURCE
        )
        assert (found.executable, error) == (sys.executable, None)

    def test_it_is_started_once_while_it_is_the_same_file(
        self, interpreter_search: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        def ask(interpreter: Any, mode: str, _seconds: float) -> Any:
            asked.append(interpreter.executable)
            return expected if mode == "identity" else None

        monkeypatch.setattr(interpreter_search.Interpreter, "ask", ask)
        (tmp_path / "bin").mkdir()
        inside, shim = str(tmp_path / "bin" / "python3"), another(tmp_path, "raise SystemExit(3)")
        Path(inside).write_text("one", encoding="utf-8")
        expected = {**identity(), "prefix": str(tmp_path)}

        def find(path: str) -> str:
            return interpreter_search.find_interpreter([path], expected, SOURCE)[0].executable

        assert [find(inside), find(inside), asked] == [inside, inside, [inside]]
        Path(inside).write_text("another", encoding="utf-8")
        assert [find(inside), find(inside), asked] == [inside, inside, [inside] * 2]
        # What lies elsewhere may be a shim, which starts another one each time.
        expected = {**expected, "prefix": str(tmp_path / "elsewhere")}
        assert [find(shim), find(shim), asked[2:]] == [shim, shim, [shim] * 2]

    def test_one_that_fails_is_asked_again(self, interpreter_search: Any, tmp_path: Path) -> None:
        path = another(tmp_path, "raise SystemExit(3)")
        expected = {**identity(), "prefix": str(tmp_path)}
        first = interpreter_search.find_interpreter([path], expected, SOURCE)
        assert interpreter_search.find_interpreter([path], expected, SOURCE) == first
        assert first == (None, f"{path}: exit status 3")

    def test_blender_is_no_candidate(
        self, interpreter_search: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", "C:\\Program Files\\Blender\\blender.exe")
        candidates = interpreter_search.executable_candidates("/opt/blender/4.2/python")
        name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        assert candidates[0] == os.path.join("/opt/blender/4.2/python", "bin", name)
        monkeypatch.setattr(sys, "executable", None)
        assert interpreter_search.executable_candidates("/opt/blender/4.2/python") == candidates

    def test_a_shim_comes_last(
        self, interpreter_search: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shim, own = native("/shims/python3.11"), native("/env/bin/python")
        monkeypatch.setattr(sys, "executable", shim)
        assert interpreter_search.executable_candidates(native("/usr"))[-1] == shim
        monkeypatch.setattr(sys, "executable", own)
        assert interpreter_search.executable_candidates(native("/env"))[0] == own

    def test_environment(self, interpreter_search: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONPATH", "/somewhere")
        monkeypatch.setenv("PIP_INDEX_URL", "http://index")
        show = "import os; print([n for n in os.environ if n in ('PYTHONPATH', 'PIP_INDEX_URL')])"
        output = interpreter_search.output_of([sys.executable, "-c", show], 10)
        assert output.strip() == "['PIP_INDEX_URL']"
