"""Runs a client's Python code, and reports its output, its duration and what it raised."""

import builtins
import linecache
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import current_thread, main_thread
from time import perf_counter
from traceback import format_exception
from types import ModuleType, TracebackType

import bpy

from .answers import text_of
from .capture import captured
from .interruption import UserCodeGuard
from .output_log import OutputLog
from .program import Program, in_place, run
from .program_failure import frames_of
from .program_streams import ProgramStreams, Write
from .surroundings import Surroundings

FILENAME = "<execute_code>"
# The command line lets a script print 24 MiB to each stream; that, in base64, fits twice.
OUTPUT_LIMIT = 72 * 1024 * 1024
MESSAGE_LIMIT = 64 * 1024
TRACEBACK_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Failure:
    """What code raised, as text: the exception itself would keep all its objects alive."""

    exception: str
    """The name of its type."""
    message: str
    """At most 64 Ki characters, and never empty."""
    traceback: str
    """From the code's own first line on, at most 1 Mi characters."""
    exit_code: int | None
    """The status that a SystemExit would have given a Python process; None for anything else."""


@dataclass(frozen=True)
class Execution:
    """The outcome of one run of code."""

    output: dict[str, str]
    """The text of "stdout" and "stderr"."""
    truncated: dict[str, int]
    """Characters dropped of each stream."""
    duration: float
    """Seconds."""
    failure: Failure | None


class CodeRunner:
    """Runs code on the main thread."""

    def __init__(self, guard: UserCodeGuard, output_limit: int = OUTPUT_LIMIT) -> None:
        """`output_limit`: characters that run() keeps of each stream."""
        self._guard = guard
        self._output_limit = output_limit

    def run(self, source: str, name: str | None = None, *, own: bool = False) -> Execution:
        """Run `source` with its output captured. What it raises is in the outcome.

        `name`: by which interrupt() can name this run; `own`: it is a script of the command line's,
        which changes nothing in the open file.
        """
        with captured(self._output_limit) as (stdout, stderr):
            failure, duration = self._run(source, {}, name, counts=not own)
        return Execution(
            output={"stdout": stdout.finish(), "stderr": stderr.finish()},
            truncated={"stdout": stdout.dropped, "stderr": stderr.dropped},
            duration=duration,
            failure=failure,
        )

    def run_job(
        self, source: str, write: Write, given: Mapping[str, object], name: str
    ) -> Failure | None:
        """Run `source` with `given` in its namespace, and hand on what it writes meanwhile.

        Gives what it raised.
        """
        streams = ProgramStreams(write)
        try:
            with streams.in_place():
                return self._run(source, given, name)[0]
        finally:
            streams.finish()

    def run_program(self, source: bytes, program: Program, write: Write, name: str) -> int:
        """Run a program as Python does, and hand on what it writes; its exit status."""
        return run(
            source,
            program,
            write,
            # With bpy, which other clients of such services have always given to their users' code.
            {"bpy": bpy},
            lambda code: self._guarded(lambda: self._with_own_ctrl_c(code), name),
        )

    def _with_own_ctrl_c(self, code: Callable[[], None]) -> None:
        """Run a program's code, for which SIGINT is what it is in Python: KeyboardInterrupt.

        Programs raise it to try themselves. Otherwise it would stop the service.
        """
        before = signal.getsignal(signal.SIGINT)
        if before is None or current_thread() is not main_thread():
            code()  # Blender's own handler in C, which Python can't put back
            return
        signal.signal(signal.SIGINT, self._guard.on_signal)
        try:
            code()
        finally:
            signal.signal(signal.SIGINT, before)

    def _guarded(
        self, code: Callable[[], None], name: str | None, *, counts: bool = True
    ) -> BaseException | None:
        """Run user code: the one place where all of it begins and ends."""

        def surrounded() -> None:
            with Surroundings() as surroundings:
                try:
                    code()
                finally:
                    surroundings.stop_alarm()

        return self._guard.run(surrounded, name, counts=counts)

    def _run(
        self, source: str, given: Mapping[str, object], name: str | None, *, counts: bool = True
    ) -> tuple[Failure | None, float]:
        # Tracebacks take source lines from here. They stay, for callbacks that the code registers.
        linecache.cache[FILENAME] = (len(source), None, source.splitlines(True), FILENAME)
        main = ModuleType("__main__")
        main.__dict__.update({"__builtins__": builtins, "bpy": bpy}, **given)
        started = perf_counter()
        with in_place(main):
            error = self._guarded(
                lambda: exec(compile(source, FILENAME, "exec", dont_inherit=True), main.__dict__),
                name,
                counts=counts,
            )
        duration = perf_counter() - started
        return None if error is None else _failure(error), duration


def output_of(log: OutputLog) -> dict[str, str]:
    """A job's output, as far as it is kept, as text: the last OUTPUT_LIMIT bytes of each stream."""
    kept = {"stdout": bytearray(), "stderr": bytearray()}
    at = 0
    while (piece := log.read(at, 0)).chunks:
        for stream, data in piece.chunks:
            kept[stream] += data
            del kept[stream][: max(0, len(kept[stream]) - OUTPUT_LIMIT)]
        at = piece.offset
    return {stream: data.decode("utf-8", "replace") for stream, data in kept.items()}


def _failure(error: BaseException) -> Failure:
    frames = frames_of(error, FILENAME)
    message = _clip(text_of(error), MESSAGE_LIMIT) or type(error).__name__
    exit_code = None
    if isinstance(error, SystemExit):
        message = f"SystemExit: {_clip(text_of(error.code), MESSAGE_LIMIT)}"
        code = 0 if error.code is None else error.code
        exit_code = code if isinstance(code, int) else 1
    return Failure(
        exception=type(error).__name__,
        message=message,
        traceback=_clip(_traceback(error, frames), TRACEBACK_LIMIT),
        exit_code=exit_code,
    )


def _traceback(error: BaseException, frames: TracebackType | None) -> str:
    try:
        return "".join(format_exception(type(error), error, frames))
    except BaseException as raised:
        return f"<{type(error).__name__} whose traceback raised {type(raised).__name__}>\n"


def _clip(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit} more characters)"
