"""What other processes say of Blender's Python: found out by a thread, asked for by later calls.

Which interpreter is Blender's, its pip, its wheel tags, the package index. Nothing here touches
bpy, so calls may come from any thread.
"""

import sys
import threading
import time
import traceback
import types
import uuid
from collections.abc import Callable
from typing import Literal, TypedDict

from interpreter import WheelSupport, identity
from interpreter_search import executable_candidates, find_interpreter
from pip_facts import Network, Pip, pip_facts, wheels_of

# Not the name of earlier versions, whose jobs were others.
JOBS_MODULE = "_blender_remote_probing"

# Somebody may still ask for findings so long after they are there.
KEPT_SECONDS = 60

# `pip` is also its settings for the network, and its index.
Part = Literal["pip", "wheels"]


class Programs(TypedDict):
    """The texts that an interpreter is started with; ``pip`` is for the part of that name."""

    interpreter: str
    pip: str | None


class Findings(TypedDict):
    """The interpreter, and what it was asked for: None where it wasn't, or there is none."""

    executable: str | None
    executable_error: str | None
    pip: Pip | None
    wheels: WheelSupport | None
    network: Network | None


class Progress(TypedDict):
    """How far a job is; ``error`` is the traceback of a defect."""

    done: bool
    findings: Findings | None
    error: str | None


class StartedJob(Progress):
    """A job by its name, and how far it is."""

    job: str


class JobArguments(TypedDict):
    """Asks a job."""

    job: str


def find_out(programs: Programs, parts: list[Part], no_probe: str | None) -> Findings:
    """Give the thread's findings: the interpreter, and what it says of ``parts``.

    ``no_probe`` is why the index isn't to be asked, None when it is.
    """
    candidates = executable_candidates(sys.prefix)
    interpreter, error = find_interpreter(candidates, identity(), programs["interpreter"])
    found: Findings = {
        "executable": None if interpreter is None else interpreter.executable,
        "executable_error": error,
        "pip": None,
        "wheels": None,
        "network": None,
    }
    if interpreter is None:
        return found

    def ask(part: Part) -> None:
        if part == "wheels":
            found["wheels"] = wheels_of(interpreter)
        else:
            text = programs["pip"] or ""
            found["pip"], found["network"] = pip_facts(interpreter, text, no_probe)

    together([lambda part=part: ask(part) for part in parts])
    return found


def together(works: list[Callable[[], None]]) -> None:
    """Do several works at once; a work that raises makes this raise."""
    errors: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


# Between the calls


class ProbeJob:
    """The thread's findings, once it is done."""

    def __init__(self, work: Callable[[], Findings]) -> None:
        self.name = uuid.uuid4().hex
        self.done = threading.Event()
        self.ended = float("inf")
        self.findings: Findings | None = None
        self.error: str | None = None
        self._work = work

    def run(self) -> None:
        """Do the work, on the thread that calls this."""
        try:
            self.findings = self._work()
        except BaseException:
            self.error = traceback.format_exc()
        self.ended = time.monotonic()
        self.done.set()

    def progress(self) -> Progress:
        """Tell how far it is."""
        return {"done": self.done.is_set(), "findings": self.findings, "error": self.error}

    def started(self, seconds: float) -> StartedJob:
        """Tell the name, and the findings if they come within some seconds: that saves a call."""
        self.done.wait(seconds)
        return {"job": self.name, **self.progress()}


def jobs() -> dict[str, ProbeJob]:
    """Give the jobs of this Blender: each call runs this text anew, so they are kept by sys."""
    module = sys.modules.setdefault(JOBS_MODULE, types.ModuleType(JOBS_MODULE))
    return module.__dict__.setdefault("jobs", {})


def begun(programs: Programs, parts: list[Part], no_probe: str | None) -> ProbeJob:
    """Have a thread do as ``find_out``."""
    job = ProbeJob(lambda: find_out(programs, parts, no_probe))
    known = jobs()
    for old in list(known.values()):
        if old.ended + KEPT_SECONDS < time.monotonic():
            known.pop(old.name, None)
    known[job.name] = job
    threading.Thread(target=job.run, name="blender-remote probe", daemon=True).start()
    return job


def progress_of(name: str) -> Progress:
    """Tell how far a job is."""
    job = jobs().get(name)
    if job is None:
        raise LookupError("the probe's findings are gone")
    return job.progress()
