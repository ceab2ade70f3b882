"""Shows how a program ended, as Python does: uncaught exceptions, and the text of a SystemExit."""

import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

INTERRUPTED = 130
"""The exit status of a program that KeyboardInterrupt ended, as shells have it."""
_INTERRUPTED_IN = ("interruption", "program_streams", "output_log", "capture")


def exit_status(code: object) -> int:
    """The status with which ``SystemExit(code)`` ends a Python process here.

    From 0 to 255, on Windows to 2^32 - 1.
    """
    if code is None:
        return 0
    if not isinstance(code, int):
        return 1
    # Python takes what a C long can't hold for -1.
    bits, mask = (31, 0xFFFFFFFF) if sys.platform == "win32" else (63, 0xFF)
    return (code if -(2**bits) <= code < 2**bits else -1) & mask


def frames_of(error: BaseException, name: str) -> TracebackType | None:
    """Where code was: from the first frame of its file `name` on, without those of an interruption.

    It is raised in the handler of its signal, or where the service takes what the code writes.
    """
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != name:
        frames = frames.tb_next
    interrupted = isinstance(error, KeyboardInterrupt)
    frame = frames
    while frame is not None:
        below = frame.tb_next
        if below is not None and interrupted and _module(below) in _INTERRUPTED_IN:
            frame.tb_next = None
        frame = frame.tb_next
    return frames


def _module(frame: TracebackType) -> str:
    return str(frame.tb_frame.f_globals.get("__name__")).rpartition(".")[2]


class FailureDisplay:
    """Writes to the program's stderr, whatever it has put into its place, so that it arrives."""

    def __init__(self, name: str, source: bytes, fresh_stderr: Callable[[], TextIO]) -> None:
        """`name`: of the program's file, as in tracebacks."""
        self._name = name
        self._source = source
        self._fresh_stderr = fresh_stderr

    def status_of(self, code: Callable[[], None]) -> int:
        """Run code, show what it raises, and give the exit status that Python would give."""
        raised: BaseException | None = None
        try:
            code()
        except BaseException as error:
            raised = error
        if raised is None:
            return 0
        # Here, where no exception is being handled: what a hook raises has no other one before it.
        try:
            if isinstance(raised, SystemExit):
                return self._exit_status(raised.code)
            status = self._show(raised)
            return INTERRUPTED if isinstance(raised, KeyboardInterrupt) else status
        finally:
            del raised  # Its traceback holds this frame: a cycle, with all of the code's objects

    def _exit_status(self, code: object) -> int:
        if code is not None and not isinstance(code, int):
            self._write(f"{_text_of(code)}\n")
        return exit_status(code)

    def _show(self, error: BaseException) -> int:
        """Show an exception that nobody caught, by the program's own hook if it has one.

        Gives the exit status, which the hook may choose by a SystemExit of its own.
        """
        frames = frames_of(error, self._name)
        hook = sys.excepthook
        if hook is not sys.__excepthook__:
            try:
                hook(type(error), error, frames)
                return 1
            except SystemExit as raised:
                return self._exit_status(raised.code)
            except BaseException as raised:
                self._write("Error in sys.excepthook:\n")
                self._print(raised, raised.__traceback__ and raised.__traceback__.tb_next)
                self._write("\nOriginal exception was:\n")
        self._print(error, frames)
        return 1

    def _print(self, error: BaseException, frames: TracebackType | None) -> None:
        error.__traceback__ = frames
        # Python's own knows the name that was meant, but is in C before 3.13 and then reads source
        # lines from the file alone.
        if sys.version_info >= (3, 13) or self._is_on_disk():
            before = sys.stderr if hasattr(sys, "stderr") else None
            sys.stderr = self._fresh_stderr()
            sys.__excepthook__(type(error), error, frames)
            sys.stderr = before
            return
        try:
            text = "".join(traceback.format_exception(type(error), error, frames))
        except BaseException as raised:
            text = f"{type(error).__name__}: <its text raised {type(raised).__name__}>\n"
        self._write(text)

    def _is_on_disk(self) -> bool:
        try:
            with open(self._name, "rb") as file:
                return file.read() == self._source
        except (OSError, ValueError):
            return False

    def _write(self, text: str) -> None:
        self._fresh_stderr().write(text)


def _text_of(value: object) -> str:
    try:
        return str(value)
    except BaseException as error:
        return f"<{type(value).__name__} whose text raised {type(error).__name__}>"
