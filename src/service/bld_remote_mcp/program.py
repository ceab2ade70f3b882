"""Runs a program as Python itself runs a file, ``-c`` and standard input: as the module `__main__`.

On Blender's main thread, standard library only: the service has it beside itself, and a script of
the command line's brings it to servers that others wrote.

What differs from ``python3 FILE``, because Blender goes on: functions that libraries register with
atexit run when Blender ends, and the program's objects live as long as anything refers to them.
"""

import builtins
import importlib.machinery
import importlib.util
import linecache
import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType

from .program_end import ProgramEnd
from .program_failure import INTERRUPTED, FailureDisplay
from .program_state import kept
from .program_streams import ProgramStreams, Write


@dataclass(frozen=True)
class Program:
    """What Python is told with a file, with ``-c`` or with ``-``."""

    name: str
    """The file as an absolute path, "<string>" or "<stdin>": `__file__` and in tracebacks."""
    argv: list[str]
    """The program's sys.argv."""
    path0: str
    """What comes first in sys.path: the file's folder; "", the working folder, without a file."""

    @property
    def is_file(self) -> bool:
        """Whether it is a file's program."""
        return not self.name.startswith("<")


def _directly(code: Callable[[], None]) -> None:
    with suppress(SystemExit):
        code()


def run(
    source: bytes,
    program: Program,
    write: Write,
    given: Mapping[str, object],
    guarded: Callable[[Callable[[], None]], object] = _directly,
) -> int:
    """Run a program to its end; give its exit status, as `exit_status`. On the main thread.

    What it prints, its tracebacks too, goes to `write`, in order. `given`: names that it finds in
    its module besides Python's own. `guarded` runs the program's own code, and that alone may be
    interrupted; an interruption that it lets through is raised when all has been put back.
    """
    streams = ProgramStreams(write)
    failures = FailureDisplay(program.name, source, streams.fresh_stderr)
    status = INTERRUPTED

    def code() -> None:
        nonlocal status
        status = failures.status_of(lambda: _execute(source, program, main))
        if failures.status_of(end.wait) == INTERRUPTED:
            status = INTERRUPTED
        if status:  # A child that the program has forked ends with it
            raise SystemExit(status)

    try:
        with (
            streams.in_place(),
            _main_module(source, program, given) as main,
            kept(main.__dict__),
        ):
            end = ProgramEnd(main.__dict__)
            with end.registering():
                guarded(code)
    finally:
        streams.finish()
    return status


def _execute(source: bytes, program: Program, main: ModuleType) -> None:
    try:
        code = compile(source, program.name, "exec", dont_inherit=True)
    except ValueError as error:  # Null bytes, before Python 3.11.4; of a file Python says this
        raise SyntaxError(*error.args) from None
    exec(code, main.__dict__)


@contextmanager
def _main_module(
    source: bytes, program: Program, given: Mapping[str, object]
) -> Generator[ModuleType]:
    """A fresh `__main__`, with sys.argv and sys.path as for this program; all put back at the end.

    Its names stay with functions that the program leaves behind, such as handlers and timers.
    """
    main = ModuleType("__main__")
    names = main.__dict__
    names["__builtins__"] = builtins
    names["__loader__"] = importlib.machinery.BuiltinImporter
    if sys.version_info < (3, 14):
        names["__annotations__"] = {}
    if program.name != "<string>":  # Python sets these for standard input, too
        names["__file__"] = program.name
        names["__cached__"] = None
    if program.is_file:
        names["__loader__"] = importlib.machinery.SourceFileLoader("__main__", program.name)
    names.update(given)
    _remember_lines(source, program.name)
    entry = program.path0
    argv = sys.argv
    loaded = set(sys.modules)
    sys.argv = list(program.argv)
    sys.path.insert(0, entry)
    try:
        with in_place(main):
            yield main
    finally:
        _forget_neighbours(entry, loaded)
        _remove(entry)
        sys.argv = argv


@contextmanager
def in_place(main: ModuleType) -> Generator[None]:
    """Have a module as `__main__` in sys.modules; put back what was there."""
    before = sys.modules.get("__main__")
    sys.modules["__main__"] = main
    try:
        yield
    finally:
        if before is None:
            sys.modules.pop("__main__", None)
        else:
            sys.modules["__main__"] = before


def _remember_lines(source: bytes, name: str) -> None:
    """Let tracebacks, inspect and pdb show the source, which need not be a file of this machine.

    It stays, for callbacks that the program leaves behind.
    """
    # What can't be decoded can't be compiled either, and the error of that says more.
    with suppress(SyntaxError, UnicodeDecodeError):
        text = importlib.util.decode_source(source)
        if not isinstance(vars(linecache).get("cache"), dict):  # Earlier code may have spoiled it
            linecache.cache = {}
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)


def _remove(entry: str) -> None:
    for index, one in enumerate(sys.path):
        if one is entry:
            del sys.path[index]
            return
    with suppress(ValueError):
        sys.path.remove(entry)


def _forget_neighbours(entry: str, loaded: set[str]) -> None:
    """Forget the modules that came from the program's folder: the next run reads them anew.

    A folder that is on the path anyway has modules of everybody's.
    """
    folder = _real(entry)
    ours = [name for name in set(sys.modules) - loaded if _place_of(name) == folder]
    if ours and not any(one is not entry and _real(one) == folder for one in map(str, sys.path)):
        for name in ours:
            sys.modules.pop(name, None)


def _real(path: str) -> str:
    """The path without links, as far as the system can tell: Windows can't on every disk."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return os.path.abspath(path)


def _place_of(name: str) -> str | None:
    """The folder from which a module, or the package that it is in, was imported."""
    file = getattr(sys.modules.get(name.partition(".")[0]), "__file__", None)
    if not isinstance(file, str):
        return None
    place, base = os.path.split(_real(file))
    return os.path.dirname(place) if base.startswith("__init__.") else place
