"""Programs as Python runs them: each is run by Python itself, too, and must do the same."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from bld_remote_mcp.program import Program, run
from systems import same_lines
from wire import SECONDS

Done = tuple[int, bytes, bytes]


def here(source: str, name: str, argv: list[str], path0: str) -> Done:
    """Exit status, stdout and stderr in this process, which is as it was before."""
    output = {"stdout": b"", "stderr": b""}

    def write(stream: str, data: bytes) -> None:
        output[stream] += data

    def state() -> list[object]:
        streams = [sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__]
        return [*streams, sys.argv, sys.path[:], sys.modules.get("__main__"), sys.excepthook]

    before = state()
    status = run(source.encode(), Program(name, argv, path0), write, {})
    assert state() == before
    return status, output["stdout"], output["stderr"]


def python(*arguments: str, source: str = "") -> Done:
    """The same by Python itself."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", *arguments],
        input=source.encode(),
        capture_output=True,
        timeout=SECONDS,
        env={**os.environ, "NO_COLOR": "1"},
    )
    return done.returncode, same_lines(done.stdout), same_lines(done.stderr)


PROGRAMS = {
    "unittest": """
import unittest
class T(unittest.TestCase):
    def test_good(self): pass
    def test_bad(self): self.assertEqual(1, 2)
try:
    unittest.main(argv=["t.py"])
except SystemExit as end:
    print(bool(end.code))
""",
    "unittest of a failure": """
import re, sys, io, unittest
class T(unittest.TestCase):
    def test_bad(self): self.fail("why")
out = io.StringIO()
run = unittest.main(exit=False, testRunner=unittest.TextTestRunner(out)).result
print(run.testsRun, len(run.failures), run.failures[0][1])
""",
    "doctest": '''
def f(x):
    """
    >>> f(1)
    3
    """
    return x + 1
import doctest
print(doctest.testmod())
''',
    "pickle": """
import copy, pickle
class A:
    def __init__(self): self.x = 1
def f(): return 5
print(pickle.loads(pickle.dumps(A())).x, pickle.loads(pickle.dumps(f))(), copy.deepcopy(A()).x)
print(A.__module__, A, f.__module__)
""",
    "dataclasses and hints": """
from __future__ import annotations
import dataclasses, typing, enum
@dataclasses.dataclass
class D:
    x: int
    y: typing.ClassVar[str] = "s"
class E(enum.Enum):
    A = 1
print(D(1), dataclasses.fields(D)[0].name, typing.get_type_hints(D), repr(E.A), E["A"])
""",
    "its own source": """
import inspect, linecache
def f():
    # a comment
    return 1
class C: pass
print(inspect.getsource(f), inspect.getsource(C), inspect.getsourcefile(f) == __file__)
print(linecache.getline(__file__, 3), inspect.getmodule(f).__name__)
""",
    "its module": """
import sys
print(__name__, __doc__, __package__, __spec__, __file__, type(__loader__).__name__, __cached__)
print(sys.modules['__main__'].__dict__ is globals(), sys.argv, sys.path[0])
print(type(__builtins__).__name__, sorted(globals()))
""",
    "a docstring": "'''The words.'''\nprint(__doc__)",
    "annotations": "x: int = 1\nprint(__annotations__)",
    "import of itself": "import __main__\nx = 4\nprint(__main__.x)",
    "a module beside it": "import beside\nprint(beside.VALUE, beside.__name__)",
    "the empty stdin": """
import sys
print(repr(sys.stdin.read()), sys.stdin.isatty(), sys.stdin.encoding, list(sys.stdin))
try:
    input()
except EOFError as error:
    print(error)
""",
    "exit() closes stdin": "exit(3)",
    "quit() with text": "quit('text')",
    "atexit": """
import atexit, sys
@atexit.register
def first(): print('first')
atexit.register(print, 'second', file=sys.stderr)
atexit.register(print, 'never')
atexit.unregister(print)
def bad(): raise ValueError('in atexit')
print('body')
""",
    "atexit after an exception": """
import atexit
atexit.register(print, 'one')
atexit.register(print, 'two')
raise SystemExit(4)
""",
    "threads": """
import threading, time
def work():
    time.sleep(0.05)
    print('from the thread')
threading.Thread(target=work).start()
import atexit
atexit.register(print, 'after the threads')
print('body')
""",
    "an executor nobody shuts down": """
import concurrent.futures
pool = concurrent.futures.ThreadPoolExecutor(2)
futures = [pool.submit(print, n) for n in range(1)]
""",
    "an exception in a thread": """
import threading
def hook(args): print(args.exc_type.__name__)
threading.excepthook = hook
t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()
threading.excepthook = threading.__excepthook__
""",
    "its own excepthook": """
import sys
def hook(kind, value, frames): print('hook', kind.__name__, value, frames.tb_lineno)
sys.excepthook = hook
raise ValueError('x')
""",
    "an excepthook that raises": """
import sys
def hook(*_): raise KeyError('inner')
sys.excepthook = hook
raise ValueError('x')
""",
    "a chain of exceptions": """
def f():
    try:
        raise KeyError(1)
    except KeyError as error:
        raise RuntimeError('outer') from error
def g():
    try:
        f()
    except RuntimeError:
        return [][1]
g()
""",
    "recursion": "def f(): return f()\ntry:\n    f()\nexcept RecursionError as e:\n    print(e)",
    "a syntax error": "def f(:\n    pass",
    "a syntax error in eval": "eval('1 +')",
    "a name that was meant": "value = 1\nprint(valeu)",
    "os._exit isn't needed": "import os\nprint(os.path.basename(__file__))",
    "an excepthook that looks for what is being handled": """
import sys
sys.excepthook = lambda *_: print(sys.exc_info())
raise ValueError
""",
    "traceback functions": """
import traceback
try:
    1 / 0
except ZeroDivisionError:
    traceback.print_exc()
    print(traceback.format_exc())
""",
    "logging": "import logging\nlogging.basicConfig(force=True)\nlogging.error('x %s', 1)\n"
    "logging.getLogger().handlers.clear()",
    "argparse": """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument('--number', type=int)
parser.parse_args(['--number', 'x'])
""",
    "a repr that exits": "class A:\n    def __repr__(self): raise SystemExit(7)\nprint([A()])",
    "runpy": "import runpy, os\np = os.path.join(os.path.dirname(__file__), 'beside.py')\n"
    "print(runpy.run_path(p)['VALUE'])",
    "multiprocessing's guard": "if __name__ == '__main__':\n    print('main')",
    "subprocess": "import subprocess, sys\n"
    "print(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True).stdout)",
}


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_file(source: str, tmp_path: Path) -> None:
    file = tmp_path / "t.py"
    file.write_text(source, encoding="utf-8", newline="\n")
    (tmp_path / "beside.py").write_text("VALUE = 17")
    mine = here(source, str(file), [str(file)], str(tmp_path))
    real = python(str(file))
    # Times differ.
    assert _steady(mine) == _steady(real)


@pytest.mark.parametrize(
    "source",
    [
        "print(__name__, sorted(globals()))",
        "import os, sys; print(sys.argv, os.path.abspath(sys.path[0]))",
    ],
)
def test_what_is_no_file(source: str) -> None:
    assert here(source, "<string>", ["-c", "a"], "") == python("-c", source, "a")
    assert here(source, "<stdin>", ["-", "a"], "") == python("-", "a", source=source)


def _steady(done: Done) -> Done:
    lines = done[2].splitlines(keepends=True)
    return (*done[:2], b"".join(line for line in lines if not line.startswith(b"Ran ")))


def test_functions_that_are_left_find_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    left = ModuleType("left")
    monkeypatch.setitem(sys.modules, "left", left)
    here("import left\nx = 5\ndef f(): return x\nleft.f = f", "<string>", ["-c"], "")
    assert left.f() == 5


def test_what_an_add_on_sets_that_a_program_enables_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    add_on = ModuleType("add_on_of_a_test")
    exec("def hook(*_): pass", add_on.__dict__)
    monkeypatch.setitem(sys.modules, add_on.__name__, add_on)
    write: Callable[[str, bytes], None] = lambda _stream, _data: None  # noqa: E731
    code = (
        "import sys, add_on_of_a_test\nsys.path.insert(0, '/vendored')\n"
        "sys.excepthook = add_on_of_a_test.hook\nsys.displayhook = lambda _: None"
    )
    displayhook = sys.displayhook
    run(code.encode(), Program("<string>", ["-c"], str(tmp_path)), write, {})
    assert sys.path[0] == "/vendored"
    assert str(tmp_path) not in sys.path
    assert sys.excepthook is vars(add_on)["hook"]
    assert sys.displayhook is displayhook  # The program's own function


def test_a_path_of_which_the_system_cannot_say_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where it can't on some disks in memory."""

    def refuse(path: str, **_options: object) -> str:
        raise OSError(errno.EINVAL, "no such name", path)

    monkeypatch.setattr(os.path, "realpath", refuse)
    (tmp_path / "neighbour.py").write_text("")
    source = "import neighbour\nprint(neighbour.__name__)"
    done = here(source, str(tmp_path / "program.py"), ["program.py"], str(tmp_path))
    assert (done[0], same_lines(done[1])) == (0, b"neighbour\n")
    assert "neighbour" not in sys.modules


def test_modules_beside_a_program_are_read_anew(tmp_path: Path) -> None:
    beside = tmp_path / "beside.py"
    for value in ("1", "22"):
        beside.write_text(f"VALUE = {value}")
        name = str(tmp_path / "t.py")
        done = here("import beside; print(beside.VALUE)", name, [name], str(tmp_path))
        assert done[1].decode().strip() == value
    assert "beside" not in sys.modules


def test_a_librarys_atexit_stays_for_the_real_end(tmp_path: Path) -> None:
    (tmp_path / "lib.py").write_text("import atexit\natexit.register(print, 'library')")
    done = here("import lib", str(tmp_path / "t.py"), ["t.py"], str(tmp_path))
    import atexit

    atexit.unregister(print)
    assert done == (0, b"", b"")


def test_an_interruption_ends_the_waiting_for_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = ModuleType("gate")
    gate.go = threading.Event()
    gate.current = threading.current_thread()
    monkeypatch.setitem(sys.modules, "gate", gate)
    code = (
        "import atexit, gate, threading\n"
        "class T(threading.Thread):\n"
        "    def run(self): gate.go.wait()\n"
        "    def join(self, *a): raise KeyboardInterrupt\n"
        "atexit.register(print, 'at the end')\nT().start()"
    )
    try:
        status, out, error = here(code, "<string>", ["-c"], "")
    finally:
        gate.go.set()
    assert (status, out) == (130, b"at the end\n")
    assert error.endswith(b"KeyboardInterrupt\n")


def test_descriptors_are_those_of_the_real_streams(capfd: pytest.CaptureFixture[str]) -> None:
    code = (
        "import subprocess, sys, faulthandler\n"
        "subprocess.run([sys.executable, '-c', 'print(1)'], stdout=sys.stdout)\n"
        "print(sys.stdout.fileno() == sys.__stdout__.fileno(), sys.stdout.isatty())"
    )
    with capfd.disabled():
        done = here(code, "<string>", ["-c"], "")
    assert done[1] == b"True False\n"
