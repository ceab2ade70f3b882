// Small Python programs, which `execute` must run as Python itself does.

/** A program, and what it needs besides. */
export interface Program {
  name: string;
  /** The content of the file that is run. */
  code: string | Uint8Array;
  args?: readonly string[];
  /** Further files in its folder. */
  files?: Record<string, string>;
  /** Why stderr can't be the same to the letter; how its last line begins is. */
  otherWords?: string;
  /** Why it ends otherwise in Blender, and how. */
  otherwise?: { why: string; stdout: string; stderr: string; exit: number };
}

/** What Python says of bytes that it can't read as a file, it says otherwise of bytes in memory. */
const bytesInMemory = "Blender compiles the bytes of the file, Python reads the file's lines";

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

const output: Program[] = [
  { name: "empty", code: "" },
  { name: "only a comment, without line end", code: "# nothing" },
  {
    name: "print with sep and end",
    code: "print(1, 2, sep='-', end='!\\n')\nprint('x', end='')\n",
  },
  {
    name: "print with file and flush",
    code: "import sys\nprint('a', file=sys.stderr, flush=True)\nprint('b', flush=True)\n",
  },
  { name: "unicode", code: "print('äöü €😀\\u2028')\n" },
  { name: "a surrogate on stdout", code: "print('a\\udcff')\n" },
  { name: "a surrogate that stands for no byte", code: "print('a\\ud800')\n" },
  {
    name: "surrogates on stderr",
    code: "import sys\nprint('a\\udcff\\ud800', file=sys.stderr)\n",
  },
  {
    name: "bytes through the buffer",
    code: "import sys\nsys.stdout.write('a')\nsys.stdout.flush()\nsys.stdout.buffer.write(b'\\xff\\x00b\\n')\n",
  },
  {
    name: "what the streams say of themselves",
    code: `import sys
for stream in (sys.stdin, sys.stdout, sys.stderr):
    print(stream.name, stream.encoding, stream.errors, stream.isatty(), stream.closed)
    print(stream.readable(), stream.writable(), stream.mode, type(stream).__name__)
print(sys.stdout.write('abc\\n'), sys.stdout.newlines, sys.stderr.line_buffering)
print(sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__)
`,
  },
  {
    name: "a stream that is closed",
    code: "import sys\nprint('a')\nsys.stdout.close()\nprint('b')\n",
  },
  {
    name: "streams that are replaced and left so",
    code: "import io, sys\nsys.stdout = io.StringIO()\nprint('lost')\nsys.stderr.write('seen\\n')\n",
  },
  { name: "no stdout at all", code: "import sys\nsys.stdout = None\nprint('lost')\n" },
  {
    name: "a stream with another encoding",
    code: "import sys\nsys.stdout.reconfigure(encoding='latin-1')\nprint('ä')\n",
  },
  {
    name: "redirect_stdout and redirect_stderr",
    code: `import contextlib, io, sys
with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
    print("inside")
    print("error", file=sys.stderr)
print(repr(out.getvalue()))
`,
  },
  {
    name: "a megabyte",
    code: "for number in range(10_000): print(number, 'x' * 100)\n",
  },
  {
    name: "csv and json to stdout",
    code: `import csv, json, sys
csv.writer(sys.stdout).writerows([["a", "b,c"], [1, 'q"']])
json.dump({"ä": [1, None, True]}, sys.stdout, indent=1)
`,
  },
  {
    name: "pprint",
    code: "import pprint\npprint.pprint({str(n): list(range(n)) for n in range(20)})\n",
  },
  {
    name: "displayhook",
    code: "import sys\nsys.displayhook('x')\nsys.displayhook(None)\nprint(_)\n",
  },
];

const input: Program[] = [
  { name: "input at the end of the file", code: "name = input('name? ')\n" },
  { name: "stdin read", code: "import sys\nprint(repr(sys.stdin.read()), list(sys.stdin))\n" },
  { name: "a breakpoint without anybody", code: "x = 1\nbreakpoint()\nprint(x)\n" },
];

const exits: Program[] = [
  ...["", "0", "3", "263", "-1", "None", "True", "'text ä'", "[1]", "3.5", "(1, 2)", "2**70"].map(
    (value) => ({ name: `sys.exit(${value})`, code: `import sys\nsys.exit(${value})\n` }),
  ),
  { name: "exit()", code: "print('a')\nexit()\n" },
  { name: "quit(5)", code: "quit(5)\n" },
  { name: "exit with words", code: "exit('words')\n" },
  { name: "raise SystemExit", code: "raise SystemExit\n" },
  {
    name: "a SystemExit of one's own",
    code: "class Stop(SystemExit):\n    pass\nraise Stop(7)\n",
  },
  {
    name: "SystemExit with another code attribute",
    code: "error = SystemExit(1)\nerror.code = 9\nraise error\n",
  },
  {
    name: "SystemExit through finally",
    code: "import sys\ntry:\n    sys.exit(4)\nfinally:\n    print('finally')\n",
  },
  { name: "KeyboardInterrupt raised", code: "print('a')\nraise KeyboardInterrupt\n" },
  {
    name: "atexit in reverse order",
    code: `import atexit
atexit.register(print, "first")
atexit.register(print, "second", end="!\\n")
print("main")
`,
  },
  {
    name: "atexit that raises, after an exception",
    code: `import atexit
atexit.register(print, "then")
class Bad:
    def __call__(self): raise ValueError("at exit")
    def __repr__(self): return "Bad()"
atexit.register(Bad())
raise SystemExit(3)
`,
    otherWords:
      "only Python itself can write what it ignores at its end, newer ones in other words",
  },
];

const exceptions: Program[] = [
  {
    name: "an exception through functions",
    code: "def f(x):\n    return 1 / x\n\ndef g():\n    f(0)\n\ng()\n",
  },
  {
    name: "carets",
    code: "data = {'a': {'b': None}}\nprint(data['a']['b']['c'] + (1 + 2))\n",
  },
  {
    name: "a cause",
    code: "try:\n    {}['key']\nexcept KeyError as error:\n    raise ValueError('bad') from error\n",
  },
  { name: "a context", code: "try:\n    1 / 0\nexcept ZeroDivisionError:\n    undefined\n" },
  {
    name: "a context suppressed",
    code: "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError from None\n",
  },
  {
    name: "a group",
    code: `def one():
    raise ValueError("one")
errors = []
for work in (one, lambda: 1 / 0):
    try:
        work()
    except Exception as error:
        errors.append(error)
raise ExceptionGroup("several", errors)
`,
  },
  {
    name: "notes",
    code: "error = ValueError('x')\nerror.add_note('a note\\nof two lines')\nraise error\n",
  },
  {
    name: "a class of one's own",
    code: "class Outer:\n    class Inner(Exception):\n        pass\nraise Outer.Inner('a\\nb')\n",
  },
  {
    name: "an exception without text",
    code: "class Bad(Exception):\n    def __str__(self): raise RuntimeError('no')\nraise Bad\n",
  },
  { name: "a surrogate in the message", code: "raise ValueError('a\\udcffä')\n" },
  { name: "assert with a message", code: "x = 1\nassert x == 2, f'{x} is not 2'\n" },
  { name: "assert without", code: "assert not 'x'\n" },
  { name: "suggestions for names", code: "counter = 1\nprint(conter)\n" },
  { name: "suggestions for attributes", code: "import collections\ncollections.OrderdDict\n" },
  { name: "a module that isn't there", code: "import nowhere_to_be_found\n" },
  { name: "a relative import", code: "from . import other\n" },
  {
    name: "recursion caught",
    code: "def f(): f()\ntry:\n    f()\nexcept RecursionError as error:\n    print(type(error).__name__)\n",
  },
  {
    name: "exec and eval",
    code: "exec('def f():\\n    1 / 0')\ntry:\n    eval('1 +')\nexcept SyntaxError as error:\n    print(error, error.text)\nf()\n",
  },
  {
    name: "compiled by hand",
    code: "exec(compile('raise ValueError(1)', 'made-up.py', 'exec'))\n",
  },
  {
    name: "a generator",
    code: "def numbers():\n    yield 1\n    raise ValueError('second')\nprint([*numbers()])\n",
  },
  {
    name: "an exception in __del__",
    code: `class Delete:
    def __call__(self, *_):
        raise ValueError("in del")
    def __repr__(self):
        return "Delete()"
class Thing:
    __del__ = Delete()
thing = Thing()
del thing
print("after")
`,
  },
  {
    name: "excepthook",
    code: `import sys
def hook(kind, value, trace):
    print("hooked", kind.__name__, value, trace.tb_lineno, file=sys.stderr)
sys.excepthook = hook
raise ValueError("x")
`,
  },
  {
    name: "excepthook that raises",
    code: "import sys\ndef hook(*_):\n    raise TypeError('hook')\nsys.excepthook = hook\n1 / 0\n",
  },
  {
    name: "excepthook that exits",
    code: "import sys\nsys.excepthook = lambda *_: sys.exit(6)\n1 / 0\n",
  },
  {
    name: "print_exc",
    code: "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()\n",
  },
  {
    name: "the innermost frames",
    code: `import sys, traceback
def f():
    print(traceback.format_stack()[-2:])
    print(sys._getframe(1).f_code.co_name, sys._getframe().f_lineno)
f()
`,
  },
  {
    name: "the traceback of an exception by hand",
    code: "try:\n    int('x')\nexcept ValueError as error:\n    trace = error.__traceback__\n    print(trace.tb_frame.f_code.co_filename == __file__, trace.tb_lineno)\n",
  },
  {
    name: "an error in another module",
    code: "import neighbour\nneighbour.fail()\n",
    files: { "neighbour.py": "def fail():\n    raise LookupError('there')\n" },
  },
  {
    name: "a syntax error in another module",
    code: "import neighbour\n",
    files: { "neighbour.py": "def fail(:\n" },
  },
  { name: "UnicodeDecodeError", code: "b'\\xff'.decode()\n" },
  { name: "an OSError", code: "open('/nowhere/at/all')\n" },
];

const sources: Program[] = [
  { name: "a syntax error", code: "print('a')\nprint('b'\n" },
  { name: "a syntax error with a caret", code: "x = 1 +* 2\n" },
  { name: "an indentation error", code: "def f():\nreturn 1\n" },
  { name: "an unexpected indentation", code: "x = 1\n  y = 2\n" },
  { name: "tabs and spaces", code: "if True:\n        x = 1\n\ty = 2\n" },
  { name: "tabs", code: "if True:\n\tx = 1\n\tprint(x)\n" },
  { name: "an unterminated string", code: "x = 'abc\n" },
  { name: "an unterminated triple string", code: "x = '''abc\n\n" },
  { name: "return outside a function", code: "return 1\n" },
  { name: "await outside a function", code: "await f()\n" },
  { name: "a future import too late", code: "x = 1\nfrom __future__ import annotations\n" },
  { name: "an unknown future", code: "from __future__ import nothing\n" },
  {
    name: "an unknown encoding",
    code: "# -*- coding: klingon -*-\nprint(1)\n",
    otherWords: bytesInMemory,
  },
  {
    name: "latin-1 with a cookie",
    code: bytes("# -*- coding: latin-1 -*-\nprint('\xe4', len('\xe4'))\n1/0 # \xe4\n"),
  },
  { name: "latin-1 without one", code: bytes("# a\nprint('\xe4')\n"), otherWords: bytesInMemory },
  { name: "a byte order mark", code: bytes("\xef\xbb\xbfprint('\xc3\xa4')\n1/0\n") },
  { name: "CRLF", code: "x = '''a\r\nb'''\r\nprint(repr(x))\r\n1/0\r\n" },
  { name: "a null byte", code: "x = 1\nprint('a\0b')\n", otherWords: bytesInMemory },
  { name: "a form feed and a continuation", code: "x = 1 + \\\n  2\n\fprint(x)" },
  { name: "a shebang", code: "#!/usr/bin/env python3\nprint(__file__[-4:])\n" },
  { name: "a SyntaxWarning", code: "x = 1\nprint(x is 1)\n" },
  { name: "an invalid escape", code: "print('\\d')\n" },
  { name: "a wide character before the caret", code: "print('😀ä', 1 / 0)\n" },
];

const modules: Program[] = [
  {
    name: "what the module is",
    code: `"""Its docstring."""
import sys
import __main__
print(__name__, __doc__, __package__, __spec__)
print(__main__.__dict__ is globals(), sys.modules["__main__"] is __main__)
print(type(__builtins__).__name__, type(__loader__).__name__)
`,
  },
  { name: "its names", code: "print(sorted(name for name in globals() if name != 'bpy'))\n" },
  {
    name: "its file",
    code: "import os, sys\nprint(__file__, sys.argv, sys.path[0] == os.path.dirname(__file__))\n",
  },
  {
    name: "arguments",
    code: "import sys\nprint(sys.argv[1:])\n",
    args: ["a b", "ä", "-x", "--", ""],
  },
  {
    name: "the guard",
    code: "def main():\n    print('main')\nif __name__ == '__main__':\n    main()\n",
  },
  {
    name: "a neighbour",
    code: "import neighbour\nprint(neighbour.__name__, neighbour.__file__, neighbour.value)\n",
    files: { "neighbour.py": "value = 42\n" },
  },
  {
    name: "a neighbour that has changed since",
    code: "import neighbour\nprint(neighbour.value)\n",
    files: { "neighbour.py": "value = 'another'\n" },
  },
  {
    name: "a package with a relative import",
    code: "from package.inner import name\nprint(name)\n",
    files: {
      "package/__init__.py": "",
      "package/inner.py": "from .deep import name\n",
      "package/deep.py": "name = __name__\n",
    },
  },
  {
    name: "a neighbour that looks at the main module",
    code: "value = 7\nimport neighbour\n",
    files: { "neighbour.py": "import __main__\nprint(__main__.value, __main__.__name__)\n" },
  },
  {
    name: "reload",
    code: "import importlib, neighbour\nimportlib.reload(neighbour)\n",
    files: { "neighbour.py": "print('loaded')\n" },
  },
  {
    name: "runpy",
    code: "import os, runpy\nhere = os.path.dirname(__file__)\nprint(runpy.run_path(os.path.join(here, 'other.py'), run_name='__main__')['value'])\nrunpy.run_module('other')\n",
    files: { "other.py": "import sys\nvalue = 1\nprint(__name__, __file__, sys.argv)\n" },
  },
  {
    name: "a zip on the path",
    code: `import os, sys, zipfile
path = os.path.join(os.path.dirname(__file__), "modules.zip")
making = f"{path}.{os.getpid()}"
with zipfile.ZipFile(making, "w") as archive:
    archive.writestr("zipped.py", "def f():\\n    raise ValueError('zipped')\\n")
os.replace(making, path)
sys.path.insert(0, path)
import zipped
print(zipped.__file__ == os.path.join(path, "zipped.py"))
zipped.f()
`,
  },
  {
    name: "annotations of the future",
    code: "from __future__ import annotations\ndef f(x: Undefined) -> int: ...\nprint(f.__annotations__, __annotations__ if '__annotations__' in globals() else None)\n",
  },
];

const classes: Program[] = [
  {
    name: "pickle",
    code: `import copyreg, pickle
class Point:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return self.x == other.x
class Odd:
    pass
def odd(_): return odd_made, ()
def odd_made(): return "made"
copyreg.pickle(Odd, odd)
print(pickle.loads(pickle.dumps(Point(1))) == Point(1), pickle.loads(pickle.dumps(Odd())))
print(pickle.loads(pickle.dumps(odd)) is odd, pickle.dumps(Point)[:24])
def local():
    class Local: pass
    return Local()
pickle.dumps(local())
`,
  },
  {
    name: "dataclasses and type hints",
    code: `from __future__ import annotations
import dataclasses, typing
@dataclasses.dataclass(frozen=True)
class Node:
    name: str
    kids: list[Node] = dataclasses.field(default_factory=list)
print(Node("a", [Node("b")]))
print(typing.get_type_hints(Node))
Node("a").name = "b"
`,
  },
  {
    name: "enum and named tuples",
    code: `import collections, enum, pickle, typing
class Colour(enum.Enum):
    RED = enum.auto()
class Flag(enum.Flag):
    A = 1
    B = 2
class Pair(typing.NamedTuple):
    a: int
    b: int = 2
Old = collections.namedtuple("Old", "x")
print(Colour.RED, repr(Colour.RED), Flag.A | Flag.B, Pair(1), Old(3), Old.__module__)
print(pickle.loads(pickle.dumps([Colour.RED, Pair(1), Old(3)])))
`,
  },
  {
    name: "inspect",
    code: `import inspect, linecache
def f(x):
    # a comment
    return x
class C:
    """Doc."""
    def m(self): return 1
print(inspect.getsource(f), inspect.getsource(C), inspect.getsource(C.m))
print(inspect.getmodule(f).__name__, inspect.getfile(C), inspect.getsourcefile(f), inspect.getdoc(C))
print(inspect.getsourcelines(f)[1], inspect.getmodule(inspect.currentframe()).__name__)
print(linecache.getline(__file__, 2), inspect.signature(f), inspect.getcomments(C))
`,
  },
  {
    name: "repr of what is defined here",
    code: "class C: pass\ndef f(): pass\nprint(C, C.__module__, f.__module__, f.__qualname__, f.__globals__ is globals())\n",
  },
];

const testing: Program[] = [
  {
    name: "unittest: passing",
    code: `import unittest
class T(unittest.TestCase):
    def test_one(self): self.assertEqual(1, 1)
if __name__ == "__main__":
    unittest.main()
`,
  },
  {
    name: "unittest: failing, raising, skipped, expected",
    code: `import unittest
class T(unittest.TestCase):
    def test_a(self): self.assertEqual([1, 2], [1, 3])
    def test_b(self): 1 / 0
    @unittest.skip("because")
    def test_c(self): pass
    @unittest.expectedFailure
    def test_d(self): self.fail("expected")
    @unittest.expectedFailure
    def test_e(self): pass
unittest.main()
`,
  },
  {
    name: "unittest: subtests, set up of a class, verbosity",
    code: `import unittest
class T(unittest.TestCase):
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i): self.assertNotEqual(i, 1)
class U(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise RuntimeError("no set up")
    def test_never(self): pass
unittest.main(verbosity=2)
`,
  },
  {
    name: "unittest: without exit",
    code: `import unittest
class T(unittest.TestCase):
    def test_a(self): self.fail("x")
program = unittest.main(exit=False)
print(program.result.wasSuccessful(), program.result.testsRun)
`,
  },
  {
    name: "unittest: chosen by name",
    code: "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n    def test_b(self): self.fail()\nunittest.main()\n",
    args: ["-v", "T.test_a"],
  },
  {
    name: "unittest: wrong option",
    code: "import unittest\nunittest.main()\n",
    args: ["--nonsense"],
  },
  {
    name: "doctest",
    code: `"""
>>> f(2)
4
>>> f(3)
7
>>> 1 / 0
Traceback (most recent call last):
ZeroDivisionError: division by zero
"""
def f(x):
    return x + x
import doctest
print(doctest.testmod())
`,
  },
];

const reporting: Program[] = [
  {
    name: "warnings",
    code: "import warnings\ndef old():\n    warnings.warn('old', DeprecationWarning)\n    warnings.warn('odd', stacklevel=2)\nfor _ in range(2): old()\n",
  },
  {
    name: "warnings once more",
    code: "import warnings\ndef old():\n    warnings.warn('old', DeprecationWarning)\n    warnings.warn('odd', stacklevel=2)\nfor _ in range(2): old()\n",
  },
  {
    name: "warnings as errors",
    code: "import warnings\nwarnings.simplefilter('error')\nwarnings.warn('bad')\n",
  },
  {
    name: "warnings after warnings as errors",
    code: "import warnings\nwarnings.warn('not bad')\nprint('on')\n",
  },
  {
    name: "logging without configuration",
    code: "import logging\nlogging.getLogger('x').warning('seen')\nlogging.getLogger('x').info('unseen')\n",
  },
  {
    name: "logging",
    code: `import logging
logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(name)s %(filename)s:%(lineno)d %(funcName)s %(message)s")
def f():
    logging.info("ä %d", 1)
    try: 1 / 0
    except ZeroDivisionError: logging.getLogger("x").exception("failed")
f()
`,
  },
  {
    name: "logging once more",
    code: "import logging, sys\nlogging.basicConfig(stream=sys.stdout, level=logging.INFO)\nlogging.info('to stdout')\n",
  },
  {
    name: "logging with a broken format",
    code: "import logging\nlogging.warning('%d', 'x')\n",
    otherWords:
      "a call stack has the frames of the service, which stand below those of the program",
  },
  {
    name: "argparse: wrong usage",
    code: "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('n', type=int)\nparser.parse_args()\n",
    args: ["x"],
  },
  {
    name: "argparse: help",
    code: "import argparse\nparser = argparse.ArgumentParser(description='Does it.')\nparser.add_argument('--number', type=int, default=3, help='how many (%(default)s)')\nparser.parse_args()\n",
    args: ["--help"],
  },
  {
    name: "argparse: values",
    code: "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('-n', type=int)\nparser.add_argument('rest', nargs='*')\nprint(parser.parse_args())\n",
    args: ["-n", "3", "a", "b"],
  },
  {
    name: "faulthandler",
    code: "import faulthandler, tempfile\nwith tempfile.TemporaryFile('w+') as file:\n    def f(): faulthandler.dump_traceback(file, all_threads=False)\n    f()\n    file.seek(0)\n    print([line.split('/')[-1] for line in file.read().splitlines()[:3]])\n",
  },
];

const running: Program[] = [
  {
    name: "threads that are joined",
    code: `import threading
def work(n): print("thread", n)
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads:
    thread.start()
    thread.join()
print(threading.current_thread() is threading.main_thread(), threading.current_thread().name)
`,
  },
  {
    name: "a thread that isn't joined",
    code: `import threading, time
def work():
    time.sleep(0.2)
    print("thread")
threading.Thread(target=work).start()
print("main")
`,
  },
  {
    name: "a daemon that goes on",
    code: `import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("main")
`,
  },
  {
    name: "an exception in a thread",
    code: `import threading
thread = threading.Thread(target=lambda: 1 / 0, name="mine")
thread.start()
thread.join()
print("main")
`,
  },
  {
    name: "sys.exit in a thread",
    code: "import sys, threading\nthread = threading.Thread(target=sys.exit, args=(3,))\nthread.start()\nthread.join()\nprint('main')\n",
  },
  {
    name: "a pool of threads",
    code: "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(3) as pool:\n    print(list(pool.map(str.upper, 'abc')))\n",
  },
  {
    name: "asyncio",
    code: `import asyncio
async def work(n):
    await asyncio.sleep(n / 100)
    print(n)
    return n
async def main():
    return await asyncio.gather(*(work(n) for n in (3, 1, 2)))
print(asyncio.run(main()))
`,
  },
  {
    name: "asyncio with an exception",
    code: `import asyncio
async def fail():
    raise ValueError("x")
async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(fail())
asyncio.run(main())
`,
  },
  {
    name: "a subprocess",
    code: "import subprocess\ndone = subprocess.run(['sh', '-c', 'echo out; echo err >&2; exit 3'], capture_output=True, text=True)\nprint(done.returncode, repr(done.stdout), repr(done.stderr))\nsubprocess.run(['false'], check=True)\n",
  },
  {
    name: "processes that are spawned",
    code: `import multiprocessing
def double(x): return 2 * x
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(double, [1, 2, 3]))
`,
  },
  {
    name: "processes that are forked",
    code: `import multiprocessing
def put(queue): queue.put(__name__)
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    process = context.Process(target=put, args=(queue,))
    process.start()
    print(queue.get())
    process.join()
    print(process.exitcode)
`,
  },
  {
    name: "os.fork",
    // Newer Pythons warn where there are threads, and the service has some.
    code: "import os, warnings\nwarnings.simplefilter('ignore', DeprecationWarning)\npid = os.fork()\nif pid == 0:\n    os._exit(7)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n",
  },
  {
    name: "Ctrl-C that it sends itself",
    code: `import signal
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("caught")
`,
  },
  {
    name: "signals",
    code: `import os, signal
def handler(number, frame):
    print("signal", signal.Signals(number).name, frame.f_code.co_name)
signal.signal(signal.SIGUSR1, handler)
os.kill(os.getpid(), signal.SIGUSR1)
signal.signal(signal.SIGUSR1, signal.SIG_DFL)
print(signal.getsignal(signal.SIGUSR1).name)
`,
  },
  {
    name: "an alarm that raises",
    code: `import signal, time
class Late(Exception): pass
def late(*_): raise Late("too late")
signal.signal(signal.SIGALRM, late)
signal.setitimer(signal.ITIMER_REAL, 0.05)
time.sleep(10)
`,
  },
  {
    name: "the process id",
    code: "import os, subprocess, sys\nprint(os.getpid() == int(subprocess.check_output(['sh', '-c', 'echo $PPID'])))\n",
  },
];

const measuring: Program[] = [
  {
    name: "cProfile.run",
    code: `import contextlib, cProfile, io
def work(): return sum(range(10))
with contextlib.redirect_stdout(io.StringIO()) as out:
    cProfile.run("work()")
print([line.split()[-1] for line in out.getvalue().splitlines() if "work" in line])
`,
  },
  {
    name: "cProfile.Profile",
    code: "import cProfile, pstats\ndef f(): pass\nwith cProfile.Profile() as profile:\n    f()\nprint([name for _, _, name in pstats.Stats(profile).stats if name == 'f'])\n",
  },
  {
    name: "trace",
    code: "import trace\ndef f():\n    x = 1\n    return x\ntracer = trace.Trace(count=0, trace=1, ignoredirs=[__import__('sys').prefix, '/usr'])\nprint(tracer.runfunc(f))\n",
  },
  {
    name: "timeit",
    code: "import timeit\nprint(timeit.timeit('x = n', globals={'n': 1}, number=3) >= 0)\n",
  },
  {
    name: "settrace",
    code: `import sys
events = []
def tracer(frame, event, argument):
    if frame.f_code.co_filename == __file__: events.append((frame.f_code.co_name, event, frame.f_lineno))
    return tracer
def f(x):
    return x + 1
sys.settrace(tracer)
f(1)
sys.settrace(None)
print(events)
`,
  },
  { name: "settrace left on", code: "import sys\nsys.settrace(lambda *_: None)\nprint('on')\n" },
  {
    name: "setprofile left on",
    code: "import sys\nsys.setprofile(lambda *_: None)\nprint('on')\n",
  },
  { name: "no trace left", code: "import sys\nprint(sys.gettrace(), sys.getprofile())\n" },
];

const environment: Program[] = [
  {
    name: "versions",
    code: "import platform, sys\nprint(sys.version_info[:3], sys.implementation.name, platform.machine(), sys.byteorder)\n",
  },
  {
    name: "locale",
    code: "import locale, sys\nprint(locale.getpreferredencoding(), sys.getfilesystemencoding(), locale.localeconv()['decimal_point'])\nprint(f'{1234.5:n}', locale.setlocale(locale.LC_CTYPE, 'C'))\n",
  },
  {
    name: "decimal, time and random",
    code: "import decimal, random, time\ndecimal.getcontext().prec = 5\nrandom.seed(1)\nprint(decimal.Decimal(1) / 3, random.random(), time.strftime('%d %B', time.gmtime(0)))\n",
  },
  {
    name: "files",
    code: "import os, pathlib, tempfile\nhere = pathlib.Path(__file__).parent\nwith tempfile.TemporaryDirectory() as folder:\n    (pathlib.Path(folder) / 'ä.txt').write_text('ä')\n    print(os.listdir(folder), (here / 'data.txt').read_text())\n",
    files: { "data.txt": "data" },
  },
  {
    name: "sqlite, zlib, hashlib",
    code: "import hashlib, sqlite3, zlib\nprint(sqlite3.connect(':memory:').execute('select 1 + 1').fetchall(), zlib.crc32(b'x'), hashlib.sha256(b'x').hexdigest()[:8])\n",
  },
  {
    name: "interning and identity",
    code: "import sys\nprint(sys.flags.optimize, sys.flags.debug, sys.getrecursionlimit(), __debug__)\n",
  },
  {
    name: "state that is left behind",
    code: `import builtins, decimal, os, random, sys, threading, warnings
leftover = 1
builtins.leftover = 1
os.environ["LEFTOVER"] = "1"
sys.path.insert(0, "/leftover")
sys.argv.append("leftover")
sys.setrecursionlimit(5000)
warnings.simplefilter("ignore")
threading.excepthook = None
sys.excepthook = None
sys.displayhook = None
os.chdir("/")
print(os.getcwd())
`,
  },
  {
    name: "no state from before",
    code: `import os, sys, threading, warnings
print("leftover" in globals(), sys.argv[1:])
print(sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__)
warnings.warn("seen")
`,
  },
  { name: "nor as the working folder", code: "import os\nprint(os.getcwd() == '/')\n" },
  {
    name: "stdin after exit()",
    code: "import sys\nprint(sys.stdin.closed, repr(sys.stdin.read()))\n",
  },
];

/** What is another thing in Blender, by intention; last, since one of them writes late. */
const otherwise: Program[] = [
  {
    name: "SystemExit whose text raises",
    code: "class Bad:\n    def __str__(self): raise ValueError('no text')\nraise SystemExit(Bad())\n",
    otherwise: {
      why: "a message is never lost",
      stdout: "",
      stderr: "<Bad whose text raised ValueError>\n",
      exit: 1,
    },
  },
  {
    name: "SystemExit while stderr is replaced",
    code: "import io, sys\nsys.stderr = io.StringIO()\nsys.exit('lost')\n",
    otherwise: { why: "a message is never lost", stdout: "", stderr: "lost\n", exit: 1 },
  },
  {
    name: "finalizers at the end",
    code: `import weakref
class Thing:
    def __del__(self):
        print("deleted")
thing, other = Thing(), Thing
weakref.finalize(other, print, "finalized")
print("main")
`,
    otherwise: {
      why: "Blender goes on, and what something refers to lives on in it",
      stdout: "main\n",
      stderr: "",
      exit: 0,
    },
  },
];

/** They run in this order, one after the other in one Blender. */
export const programs: readonly Program[] = [
  ...output,
  ...exits,
  ...input,
  ...exceptions,
  ...sources,
  ...modules,
  ...classes,
  ...testing,
  ...reporting,
  ...running,
  ...measuring,
  ...environment,
  ...otherwise,
];
