"""Runs a client's Python code, and reports its output, its duration and what it raised."""

import builtins
import linecache
import traceback
from dataclasses import dataclass
from time import perf_counter
from types import CodeType
from typing import Any

import bpy

from .capture import captured
from .interruption import UserCodeGuard
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
    """Runs code on the main thread with its output captured."""

    def __init__(self, guard: UserCodeGuard, output_limit: int = OUTPUT_LIMIT) -> None:
        """`output_limit`: characters kept of each stream."""
        self._guard = guard
        self._output_limit = output_limit

    def run(self, source: str, name: str | None = None) -> Execution:
        """Run `source` as a program of its own. What it raises is in the outcome.

        `name`: by which interrupt() can name this run.
        """
        # Tracebacks take source lines from here. They stay, for callbacks that the code registers.
        linecache.cache[FILENAME] = (len(source), None, source.splitlines(True), FILENAME)
        namespace = {"__name__": "__main__", "__builtins__": builtins, "bpy": bpy}
        started = perf_counter()
        with captured(self._output_limit) as (stdout, stderr):
            error = self._guard.run(
                lambda: _execute(compile(source, FILENAME, "exec"), namespace), name
            )
        duration = perf_counter() - started
        return Execution(
            output={"stdout": stdout.finish(), "stderr": stderr.finish()},
            truncated={"stdout": stdout.dropped, "stderr": stderr.dropped},
            duration=duration,
            failure=None if error is None else _failure(error),
        )


def _execute(code: CodeType, namespace: dict[str, Any]) -> None:
    with Surroundings():
        exec(code, namespace)


def _failure(error: BaseException) -> Failure:
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != FILENAME:
        frames = frames.tb_next
    message = _clip(_text(error), MESSAGE_LIMIT) or type(error).__name__
    exit_code = None
    if isinstance(error, SystemExit):
        message = f"SystemExit: {_clip(_text(error.code), MESSAGE_LIMIT)}"
        code = 0 if error.code is None else error.code
        exit_code = code if isinstance(code, int) else 1
    return Failure(
        exception=type(error).__name__,
        message=message,
        traceback=_clip(
            "".join(traceback.format_exception(type(error), error, frames)), TRACEBACK_LIMIT
        ),
        exit_code=exit_code,
    )


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:
        return f"<{type(value).__name__} whose text raised {type(error).__name__}>"


def _clip(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit} more characters)"
