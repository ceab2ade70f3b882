"""A user's code: what it prints and how it ends, compared with Python itself."""

import base64
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from systems import same_lines

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(load: Callable[[str], ModuleType]) -> Run:
    script = load("run_code")

    def run_code(code: "str | bytes", name: str = "<string>", limit: int = 10**6) -> dict[str, Any]:
        source = code.encode() if isinstance(code, str) else code
        arguments = {
            "code": base64.b64encode(source).decode(),
            "name": name,
            "argv": ["-c", "an argument"],
            "path0": "" if name.startswith("<") else os.path.dirname(name),
            "limit": limit,
        }
        before = sys.stdout, sys.stderr, sys.stdin, sys.argv, sys.path[:], sys.modules["__main__"]
        answer = script.main(arguments)
        after = sys.stdout, sys.stderr, sys.stdin, sys.argv, sys.path[:], sys.modules["__main__"]
        assert after == before
        for stream in ("stdout", "stderr"):
            answer[stream] = base64.b64decode(answer[stream])
        return answer

    return run_code


def test_the_code_has_its_own_arguments(run: Run) -> None:
    before = sys.argv
    assert run("import sys; print(sys.argv)")["stdout"] == b"['-c', 'an argument']\n"
    assert sys.argv is before


PROGRAMS = {
    "nothing": "",
    "text on both": "import sys; print('out'); print('err', file=sys.stderr)",
    "no line end": "print('a', end='')",
    "unicode": "print('ä😀\\u2028')",
    "carriage returns": "print('a\\r\\nb\\rc')",
    "bytes": "import sys; sys.stdout.buffer.write(bytes(range(256))); sys.stdout.flush()",
    "bytes and text in order": (
        "import sys\nprint('one', flush=True)\nsys.stdout.buffer.write(b'two\\n')\n"
        "sys.stdout.buffer.flush()\nprint('three')"
    ),
    "a lone surrogate on stderr": "import sys; print('\\ud800', file=sys.stderr)",
    "a file name that isn't UTF-8": "import os; print(os.fsdecode(b'\\xff.blend'))",
    "a stream's properties": (
        "import sys\nfor s in (sys.stdout, sys.stderr):\n"
        "    print(s.encoding, s.errors, s.isatty(), s.writable())"
    ),
    "reconfigured": "import sys; sys.stdout.reconfigure(errors='replace'); print('\\ud800')",
    "exit 0": "raise SystemExit",
    "exit with None": "import sys; sys.exit(None)",
    "exit with a number": "import sys; sys.exit(3)",
    "exit with 256": "import sys; sys.exit(256)",
    "exit with -1": "import sys; sys.exit(-1)",
    "exit with True": "import sys; sys.exit(True)",
    "exit with text": "import sys; sys.exit('text ä')",
    "exit with no text": "import sys; sys.exit('')",
    "exit with another thing": "import sys; sys.exit((1, 2.5))",
    "exit inside of a function": "def leave():\n    exit(4)\nleave()",
    "output before the exit": "print('before')\nraise SystemExit(2)",
    "assertion": "assert False, 'why'",
    "a name of its own": "class Odd(Exception):\n    pass\nraise Odd('message')",
    "a group of exceptions": "raise ExceptionGroup('several', [ValueError(1), KeyError('b')])",
    "not even an Exception": "class Base(BaseException):\n    pass\nraise Base('x')",
    "an exception without text": "raise ValueError",
    "main": "print(__name__)",
    "globals": "x = 1\ndef f():\n    return x\nprint(f(), [x for _ in 'a'])",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_as_python_does_it(run: Run, program: str, tmp_path: Path) -> None:
    if "ExceptionGroup" in program and sys.version_info < (3, 11):
        pytest.skip("groups of exceptions came with Python 3.11")
    file = tmp_path / "program ä.py"
    file.write_text(program, encoding="utf-8")
    real = subprocess.run([sys.executable, "-I", "-X", "utf8", str(file)], capture_output=True)
    answer = run(program, str(file))
    assert answer["stdout"].decode("latin-1") == same_lines(real.stdout).decode("latin-1")
    assert answer["stderr"].decode("latin-1") == same_lines(real.stderr).decode("latin-1")
    assert answer["exit"] == real.returncode


ERRORS = {
    "traceback": "def f(x):\n    return 1 / x\n\nf(0)",
    "chain": "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('b') from error",
    "context": "try:\n    {}['a']\nexcept KeyError:\n    raise ValueError('b')",
    "from a library": "import json\njson.loads('{')",
    "syntax": "x = = 1",
    "indentation": "if True:\nx = 1",
    "unprintable": "class E(Exception):\n    def __str__(self): raise OSError\nraise E",
}


@pytest.mark.parametrize("program", ERRORS.values(), ids=ERRORS.keys())
def test_a_traceback_as_python_shows_it(run: Run, program: str, tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(program, encoding="utf-8")
    real = subprocess.run([sys.executable, "-I", "-X", "utf8", str(file)], capture_output=True)
    answer = run(program, str(file))
    assert answer["stderr"].decode() == same_lines(real.stderr).decode()
    assert answer["exit"] == real.returncode == 1


def test_lines_are_shown_of_code_that_is_in_no_file(run: Run) -> None:
    answer = run("x = 1\nraise ValueError(x)", "<stdin>")
    assert b'File "<stdin>", line 2, in <module>\n    raise ValueError(x)' in answer["stderr"]


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbfprint('with a mark')",
        b"# -*- coding: latin-1 -*-\nprint('\xe4')",
        b"print('line ends')\r\nprint(2)\r\n",
        b"print('\xe4')",
        b"# coding: nothing\nprint()",
        b"print('\x00')",
    ],
    ids=["byte order mark", "coding", "CRLF", "not UTF-8", "unknown coding", "null"],
)
def test_the_encoding_of_a_file_is_found_as_python_does(
    run: Run, source: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "program.py"
    file.write_bytes(source)
    real = subprocess.run([sys.executable, "-I", "-X", "utf8", str(file)], capture_output=True)
    answer = run(source, str(file))
    assert answer["stdout"] == same_lines(real.stdout)
    assert answer["exit"] == real.returncode
    # Their words differ from version to version, the kind of error doesn't.
    kinds = [text.splitlines()[-1:] for text in (answer["stderr"], same_lines(real.stderr))]
    assert [line.split(b":")[0] for line in kinds[0]] == [line.split(b":")[0] for line in kinds[1]]


def test_keyboard_interrupt(run: Run) -> None:
    answer = run("raise KeyboardInterrupt")
    assert answer["exit"] == 130
    assert answer["stderr"].endswith(b"\nKeyboardInterrupt\n")
    assert b'File "<string>", line 1, in <module>' in answer["stderr"]


def test_bpy_is_there_without_an_import(run: Run) -> None:
    assert run("print(bpy.app.version_string)")["stdout"] == b"5.0.1\n"


def test_each_run_begins_anew(run: Run) -> None:
    run("left_behind = 1")
    assert run("print(left_behind)")["exit"] == 1


class TestBound:
    def test_the_beginning_is_kept_and_the_rest_counted(self, run: Run) -> None:
        answer = run(
            "import sys\nfor _ in range(9): print('0123')\nprint('e', file=sys.stderr)", limit=12
        )
        assert answer["stdout"] == b"0123\n0123\n01"
        assert answer["stderr"] == b"e\n"
        assert answer["dropped"] == {"stdout": 33, "stderr": 0}
        assert answer["exit"] == 0

    def test_exactly_the_bound(self, run: Run) -> None:
        answer = run("print('0123', end='')", limit=4)
        assert (answer["stdout"], answer["dropped"]["stdout"]) == (b"0123", 0)

    def test_it_counts_bytes_not_characters(self, run: Run) -> None:
        answer = run("print('ää', end='')", limit=3)
        assert (answer["stdout"], answer["dropped"]["stdout"]) == ("ää".encode()[:3], 1)

    def test_several_threads(self, run: Run) -> None:
        code = (
            "import threading\n"
            "def write():\n    for _ in range(500): print('x' * 10)\n"
            "threads = [threading.Thread(target=write) for _ in range(4)]\n"
            "for t in threads: t.start()\nfor t in threads: t.join()"
        )
        answer = run(code, limit=1000)
        assert len(answer["stdout"]) + answer["dropped"]["stdout"] == 4 * 500 * 11


class TestWhatCodeDoesToItsStreams:
    @pytest.mark.parametrize(
        "code",
        [
            "import sys; sys.stdout = sys.stderr = None; 1 / 0",
            "import sys; sys.stderr.close(); 1 / 0",
            "import sys; sys.stderr.detach(); 1 / 0",
            "import sys; del sys.stdout, sys.stderr; 1 / 0",
            "import io, sys; sys.stdout = sys.stderr = io.StringIO(); 1 / 0",
        ],
    )
    def test_the_traceback_arrives_all_the_same(self, run: Run, code: str) -> None:
        answer = run(code)
        assert answer["exit"] == 1
        assert b"ZeroDivisionError" in answer["stderr"]

    def test_what_was_written_before_a_close_is_kept(self, run: Run) -> None:
        answer = run("import sys; print('kept'); sys.stdout.close()")
        assert (answer["stdout"], answer["exit"]) == (b"kept\n", 0)

    def test_a_handler_of_earlier_code_writes_to_the_run_that_is_now(self, run: Run) -> None:
        logger = logging.getLogger("blender-remote-test")
        logger.propagate = False
        code = (
            "import logging, sys\nlogger = logging.getLogger('blender-remote-test')\n"
            "logger.addHandler(logging.StreamHandler())\nlogger.warning('first')"
        )
        try:
            assert run(code)["stderr"] == b"first\n"
            later = "import logging; logging.getLogger('blender-remote-test').warning('second')"
            assert run(later)["stderr"] == b"second\n"
        finally:
            logger.handlers.clear()

    def test_a_thread_that_goes_on_writes_to_blenders_own(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        gate = ModuleType("gate")
        gate.open = threading.Event()
        gate.done = threading.Event()
        monkeypatch.setitem(sys.modules, "gate", gate)
        code = (
            "import gate, threading, sys\nout = sys.stdout\n"
            "def later():\n    gate.open.wait()\n    print('late', file=out)\n    gate.done.set()\n"
            "threading.Thread(target=later, daemon=True).start()\nprint('now')"
        )
        assert run(code)["stdout"] == b"now\n"
        gate.open.set()
        assert gate.done.wait(60)
        assert capsys.readouterr().out == "late\n"


def test_a_folder_and_environment_are_blenders_own(run: Run) -> None:
    answer = run("import os; print(os.getcwd())")
    assert answer["stdout"].decode().strip() == os.getcwd()


def test_the_time_it_took(run: Run) -> None:
    assert run("pass")["duration_s"] >= 0
