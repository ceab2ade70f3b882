"""How one call carries a JSON value in and one out."""

import hashlib
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

NONCE = "blender-remote-1234 "


@pytest.fixture
def run_script() -> ModuleType:
    path = Path(__file__).parents[3] / "src" / "service" / "bld_remote_mcp" / "run_script.py"
    spec = importlib.util.spec_from_file_location("run_script", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def call(run_script: ModuleType, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:

    def answer(source: str, arguments: object = None) -> Any:
        document = json.dumps({"name": "s.py", "source": source, "arguments": arguments})
        run_script.answer(document, digest_of(document), NONCE)
        before, line = capsys.readouterr().out.rsplit(NONCE, 1)
        assert before.endswith("\n")
        assert line.endswith("\n")
        assert "\n" not in line[:-1]
        digest, text = line[:-1].split(" ", 1)
        assert digest == digest_of(text)
        assert text.isascii()
        return json.loads(text)

    return answer


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "value", [None, True, 0.5, "", "ä😀\n\"'\\", {"a": [1, {"b": None}]}, "\x00\x7f\u2028"]
)
def test_a_value_goes_in_and_comes_out(call: Callable[..., Any], value: object) -> None:
    assert call("def main(arguments):\n    return arguments", value) == {"value": value}


def test_what_a_script_prints_stands_before_the_answer(call: Callable[..., Any]) -> None:
    source = "def main(_):\n    print('a line without an end', end='')\n    return 1"
    assert call(source) == {"value": 1}


@pytest.mark.parametrize("raised", ["SystemExit(3)", "KeyboardInterrupt()", "GeneratorExit()"])
def test_nothing_that_a_script_raises_gets_out(call: Callable[..., Any], raised: str) -> None:
    error = call(f"def main(_):\n    raise {raised}")["error"]
    assert error["type"] == raised.split("(")[0]


def test_an_error_with_its_traceback(call: Callable[..., Any]) -> None:
    error = call("def main(_):\n    return {}['a key']")["error"]
    assert error["type"] == "KeyError"
    assert error["message"] == "'a key'"
    assert error["errno"] is None
    assert error["path"] is None
    assert 'File "<s.py>", line 2, in main' in error["traceback"]


def test_an_error_of_the_system(call: Callable[..., Any]) -> None:
    source = "def main(path):\n    open(path)"
    error = call(source, "/no such/ä")["error"]
    assert error["type"] == "FileNotFoundError"
    assert error["message"] == "No such file or directory"
    assert error["errno"] == "ENOENT"
    assert error["path"] == "/no such/ä"


def test_an_errno_that_is_none_and_a_path_of_bytes(call: Callable[..., Any]) -> None:
    assert call("def main(_):\n    raise OSError('own words')")["error"]["errno"] is None
    error = call("def main(_):\n    open(b'/no such')")["error"]
    assert (error["errno"], error["path"]) == ("ENOENT", None)


@pytest.mark.parametrize("source", ["def main(", "x = 1", "raise ValueError"])
def test_a_script_that_has_no_main(call: Callable[..., Any], source: str) -> None:
    assert call(source)["error"]["type"] in {"SyntaxError", "KeyError", "ValueError"}


def test_each_call_has_a_namespace_of_its_own(call: Callable[..., Any]) -> None:
    call("kept = 1\ndef main(_):\n    pass")
    assert call("def main(_):\n    return 'kept' in globals()") == {"value": False}


def test_the_nonce_tells_the_answer_from_other_output(call: Callable[..., Any]) -> None:
    # A script that prints like an answer, before the real one.
    source = f"def main(_):\n    print('\\n{NONCE.strip()[:-1]}x {{}}')\n    return 'real'"
    assert call(source) == {"value": "real"}


def test_it_is_written_at_once(run_script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    stream = type("Stream", (), {"write": staticmethod(written.append)})()
    document = json.dumps({"name": "s", "source": "def main(_): pass", "arguments": None})
    monkeypatch.setattr(sys, "stdout", stream)
    run_script.answer(document, digest_of(document), NONCE)
    monkeypatch.undo()
    outcome = '{"value": null}'
    assert written == [f"\n{NONCE}{digest_of(outcome)} {outcome}\n"]


def test_a_damaged_call_is_not_run(
    run_script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "made"
    source = "def main(path): open(path, 'w').close()"
    document = json.dumps({"name": "s", "source": source, "arguments": str(made)})
    digest = digest_of(document)
    flipped = document.replace("made", "mafe")
    run_script.answer(flipped, digest, NONCE)
    assert "DamagedCall" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    run_script.answer(document, digest, NONCE)
    assert made.exists()


def test_a_script_that_came_before_is_kept(run_script: ModuleType) -> None:
    def ask(**call: object) -> Any:
        document = json.dumps({"name": "s", "arguments": 5, **call})
        return json.loads(run_script.answered(document, digest_of(document))[0])

    source = "def main(a): return a"
    assert ask(script=digest_of(source))["error"]["type"] == "UnknownScriptError"
    assert ask(source=source) == {"value": 5}
    assert ask(script=digest_of(source)) == {"value": 5}
    for number in range(run_script._KEPT_SCRIPTS):
        ask(source=f"def main(a): return {number}")
    assert ask(script=digest_of(source))["error"]["type"] == "UnknownScriptError"


def test_what_comes_again_is_not_compiled_again(
    run_script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []

    def count(source: str, name: str, mode: str) -> Any:
        compiled.append(name)
        return compile(source, name, mode)

    monkeypatch.setattr(run_script, "compile", count, raising=False)
    part = {"name": "part.py", "source": "VALUE = 1", "imports": []}
    source = "import part\ndef main(number):\n    return number + part.VALUE"
    for number in range(3):
        call = {"name": "s.py", "source": source, "arguments": number, "modules": [part]}
        assert run_script.run(call) == {"value": number + 1}
    assert compiled == ["<part.py>", "<s.py>"]


def test_the_runner_is_kept_as_a_module(
    run_script: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kept_runner", None)
    del sys.modules["kept_runner"]
    first = run_script.keep("kept_runner")
    assert run_script.keep("kept_runner") is first
    document = json.dumps({"name": "s", "source": "def main(a): return a", "arguments": 5})
    sys.modules["kept_runner"].answer(document, digest_of(document), NONCE)
    assert capsys.readouterr().out.endswith('{"value": 5}\n')


def test_an_outcome_that_is_too_long_for_one_answer_is_fetched_in_pieces(
    run_script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> str:
        before, line = capsys.readouterr().out.rsplit(NONCE, 1)
        assert before == "\n"
        assert line.endswith("\n")
        return line[:-1]

    outcome = json.dumps({"value": "ä" * 1000})
    source = "def main(a): return 'ä' * a"
    document = json.dumps({"name": "s", "source": source, "arguments": 1000})
    run_script.answer(document, digest_of(document), NONCE, len(outcome))
    assert said() == f"{digest_of(outcome)} {outcome}"

    run_script.answer(document, digest_of(document), "first ", len(outcome) - 1)
    text = capsys.readouterr().out.rsplit("first ", 1)[1]
    assert text == f"{digest_of(outcome)}:{len(outcome)} {outcome[:-1]}\n"
    run_script.rest("first ", 100, 200, NONCE)
    assert said() == outcome[100:300]
    run_script.rest("first ", 100, len(outcome) - 100, NONCE)
    assert said() == outcome[100:]
    # Its last character was asked for: it isn't kept any more.
    run_script.rest("first ", 100, 200, NONCE)
    assert said() == ""


def test_data_beside_the_call_is_an_argument_and_under_its_digest(
    run_script: ModuleType,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = "def main(arguments):\n    return arguments"
    document = json.dumps({"name": "a", "source": source, "arguments": {"one": 1}})
    run_script.answer(document, digest_of(document + "AAAA"), NONCE, 0, "AAAA")
    run_script.answer(document, digest_of(document + "AAAA"), NONCE, 0, "AAAB")
    run_script.answer(document, digest_of(document), NONCE, 0, "AAAA")
    good, *damaged = (
        json.loads(line[len(NONCE) :].partition(" ")[2])
        for line in capsys.readouterr().out.splitlines()
        if line.startswith(NONCE)
    )
    assert good == {"value": {"one": 1, "data": "AAAA"}}
    assert [one["error"]["type"] for one in damaged] == ["DamagedCall"] * 2


def test_few_outcomes_wait_to_be_fetched(
    run_script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.dumps({"name": "s", "source": "def main(a): return 'abc'", "arguments": None})
    for number in range(50):
        run_script.answer(document, digest_of(document), f"n{number} ", 1)
    kept = 0
    for number in range(50):
        capsys.readouterr()
        run_script.rest(f"n{number} ", 1, 1, NONCE)
        kept += capsys.readouterr().out != f"\n{NONCE}\n"
    assert 1 <= kept <= 5


def module_of(name: str, source: str, *imports: str) -> dict[str, object]:
    return {"name": f"{name}.py", "source": source, "imports": list(imports)}


def outcome_of(run_script: ModuleType, source: str, *modules: dict[str, object]) -> Any:
    return run_script.run(
        {"name": "s.py", "source": source, "arguments": None, "modules": list(modules)}
    )


USES_WORDS = "import words\ndef main(_):\n    return words.greet()"
WORDS = module_of("words", "from letters import H\ndef greet():\n    return H + 'ello'", "letters")
LETTERS = module_of("letters", "H = 'H'")


def test_a_script_imports_the_modules_that_it_brings(run_script: ModuleType) -> None:
    assert outcome_of(run_script, USES_WORDS, LETTERS, WORDS) == {"value": "Hello"}
    assert "words" not in sys.modules
    assert "letters" not in sys.modules


def test_a_module_brings_what_it_imports_itself_and_scripts_see_no_more(
    run_script: ModuleType,
) -> None:
    alone = module_of("words", "import letters", "letters")
    error = outcome_of(run_script, USES_WORDS, alone)["error"]
    assert error["type"] == "KeyError"
    hidden = outcome_of(run_script, "import letters\ndef main(_): pass", LETTERS)
    assert hidden == {"value": None}
    missing = outcome_of(run_script, "import letters\ndef main(_): pass", WORDS | {"imports": []})
    assert missing["error"]["type"] == "ModuleNotFoundError"


def test_a_module_runs_once_and_comes_by_its_hash_later(run_script: ModuleType) -> None:
    source = "import words\ndef main(_):\n    words.seen.append(1)\n    return len(words.seen)"
    words = module_of("words", "seen = []")
    assert outcome_of(run_script, source, words) == {"value": 1}
    kept = {"name": "words.py", "script": digest_of(str(words["source"])), "imports": []}
    assert outcome_of(run_script, source, kept) == {"value": 2}
    unknown = {**kept, "script": "0" * 64}
    assert outcome_of(run_script, source, unknown)["error"]["type"] == "UnknownScriptError"


def test_another_version_of_what_a_module_imports_makes_another_module(
    run_script: ModuleType,
) -> None:
    assert outcome_of(run_script, USES_WORDS, LETTERS, WORDS) == {"value": "Hello"}
    other = module_of("letters", "H = 'J'")
    assert outcome_of(run_script, USES_WORDS, other, WORDS) == {"value": "Jello"}


def test_a_module_of_blenders_own_of_the_same_name_stays_what_it_is(
    run_script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = ModuleType("letters")
    monkeypatch.setitem(sys.modules, "letters", stranger)
    assert outcome_of(run_script, USES_WORDS, LETTERS, WORDS) == {"value": "Hello"}
    assert sys.modules["letters"] is stranger
