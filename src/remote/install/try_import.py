"""Tries to import modules as a Blender would that is started anew: ``ORDER REPORT``.

Each is tried in a process of its own (``import_one.py``, which lies beside this file), so whatever
one of them does says nothing about the others. What only Blender has isn't there: what asks for
that can only be tried inside Blender.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import TypedDict

# What is brought along lies beside this file, which -I keeps off the path.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from windows_job import close, job_of

del sys.path[0]

# Where an import waits for something that never comes; and for all of them together.
LIMIT_SECONDS = 60
WHOLE_LIMIT_SECONDS = 300

AT_ONCE = 4
# What Windows gives as the status of a process that did what it mustn't (NTSTATUS, an error).
CRASHES = 0xC0000000


class TrialOrder(TypedDict):
    """What ``import_one.py`` needs, and which modules to import."""

    path: list[str]
    built_in: list[str]
    modules: list[str]


def end_text(status: int) -> str:
    """Tell how a process ended that didn't report: as half a sentence."""
    if status < 0:
        try:
            return f"Python crashes ({signal.Signals(-status).name})"
        except ValueError:
            return f"Python ends by signal {-status}"
    if status >= CRASHES:
        return f"Python crashes (0x{status:X})"
    return f"Python ends with exit status {status}"


def end_all(process: "subprocess.Popen[bytes]", job: int | None) -> None:
    """End a process and what it has started, a server perhaps."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    close(job)
    process.wait()


class RunningImport:
    """The import of one module, in a process that runs from now on."""

    def __init__(self, order_path: str, module: str, report: str, seconds: float) -> None:
        self.module = module
        self.report = report
        self.seconds = seconds
        self.until = time.monotonic() + seconds
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "import_one.py")
        command = [sys.executable, "-I", "-X", "utf8", program, order_path, report, module]
        nowhere = subprocess.DEVNULL
        self.process = subprocess.Popen(
            command, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
        )
        self.job = job_of(self.process)

    def end(self) -> object:
        """Wait for its end, and give how the import went."""
        try:
            ended = end_text(self.process.wait(max(self.until - time.monotonic(), 0)))
        except subprocess.TimeoutExpired:
            # From outside: one that has hold of Python's lock can't be ended from within.
            end_all(self.process, self.job)
            ended = f"it isn't done after {self.seconds:.0f} s"
        else:
            end_all(self.process, self.job)
        try:
            with open(self.report, encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError):
            return {"module": self.module, "error": ended, "lines": [], "needs_blender": False}


def main(order_path: str, report_path: str) -> None:
    """Import what the order names, as far as there is time for it, and report each."""
    with open(order_path, encoding="utf-8") as file:
        order: TrialOrder = json.load(file)
    until = time.monotonic() + WHOLE_LIMIT_SECONDS
    waiting = list(enumerate(order["modules"]))
    running: list[RunningImport] = []
    found: list[object] = []
    while waiting or running:
        left = until - time.monotonic()
        if waiting and len(running) < AT_ONCE and left > 0:
            number, module = waiting.pop(0)
            seconds = min(LIMIT_SECONDS, left)
            running.append(RunningImport(order_path, module, f"{report_path}.{number}", seconds))
            continue
        if not running:
            break
        found.append(running.pop(0).end())
        # After each, should one of them end this process as well.
        with open(f"{report_path}.part", "w", encoding="utf-8") as file:
            json.dump(found, file)
        os.replace(f"{report_path}.part", report_path)


if __name__ == "__main__":
    main(*sys.argv[1:])
