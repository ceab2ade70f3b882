"""What Blender's Python is, and what it lets a package manager do.

The first call gives what can be said at once and starts a thread for what takes other processes
(which interpreter is Blender's, its pip, its wheel tags, the package index). Later calls ask for
the thread's findings. So no call keeps Blender's main thread for long.
"""

import os
import sys
import threading
import traceback
import types
import uuid
from collections.abc import Callable
from typing import Literal, TypedDict

from interpreter import identity
from interpreter_search import (
    Interpreter,
    executable_candidates,
    find_interpreter,
)
from pip_facts import Network, Pip, Wheels, network_facts, pip_facts, wheels_of
from running_facts import Blender, Python, blender_facts, online_access, python_facts
from site_facts import Site, site_facts

JOBS_MODULE = "_blender_remote_probe_jobs"

Part = Literal["pip", "wheels", "network"]


class Findings(TypedDict):
    """The interpreter, and what it was asked for: None where it wasn't, or there is none."""

    executable: str | None
    executable_error: str | None
    pip: Pip | None
    wheels: Wheels | None
    network: Network | None


class Progress(TypedDict):
    """How far a job is; ``error`` is the traceback of a defect."""

    done: bool
    findings: Findings | None
    error: str | None


class RunningFacts(TypedDict):
    """What can be said at once."""

    blender: Blender
    python: Python
    site: Site
    online_access: bool | None
    pid: int


class StartedProbe(Progress):
    """What can be said at once, and the job that finds out the rest."""

    facts: RunningFacts
    job: str


class StartArguments(TypedDict):
    """What to look at.

    ``interpreter`` is the text of ``interpreter.py``, ``wait`` how many seconds to wait for the
    job, ``network_probe`` whether to ask pip's index. ``executable`` is the interpreter where it is
    known to be Blender's: then it isn't looked for.
    """

    interpreter: str
    executable: str | None
    parts: list[Part]
    network_probe: bool
    wait: float


class JobArguments(TypedDict):
    """Asks a job."""

    job: str


def find_out(
    search: Callable[[], tuple[Interpreter | None, str | None]],
    parts: list[Part],
    no_probe: str | None,
) -> Findings:
    """Give the thread's findings: the interpreter, and what it says of ``parts``.

    ``no_probe`` is why the index isn't to be asked, None when it is.
    """
    interpreter, error = search()
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
        if part == "pip":
            found["pip"] = pip_facts(interpreter)
        elif part == "wheels":
            found["wheels"] = wheels_of(interpreter)
        else:
            found["network"] = network_facts(interpreter, no_probe)

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
        self.done = threading.Event()
        self.findings: Findings | None = None
        self.error: str | None = None
        self._work = work

    def run(self) -> None:
        """Do the work, on the thread that calls this."""
        try:
            self.findings = self._work()
        except BaseException:
            self.error = traceback.format_exc()
        self.done.set()

    def progress(self) -> Progress:
        """Tell how far it is."""
        return {"done": self.done.is_set(), "findings": self.findings, "error": self.error}


def jobs() -> dict[str, ProbeJob]:
    """Give the jobs of this Blender: each call runs this text anew, so they are kept by sys."""
    module = sys.modules.setdefault(JOBS_MODULE, types.ModuleType(JOBS_MODULE))
    return module.__dict__.setdefault("jobs", {})


def start(arguments: StartArguments) -> StartedProbe:
    """Give what can be said at once, and the job that finds out the rest."""
    access = online_access()
    if access is False:
        no_probe = "Blender's online access is off"
    elif not arguments["network_probe"]:
        no_probe = "not asked for"
    else:
        no_probe = None
    source, known = arguments["interpreter"], arguments["executable"]
    # On this thread: it asks bpy.
    candidates = executable_candidates(sys.prefix) if known is None else []

    def search() -> tuple[Interpreter | None, str | None]:
        if known is not None:
            return Interpreter(known, source), None
        return find_interpreter(candidates, identity(), source)

    job = ProbeJob(lambda: find_out(search, arguments["parts"], no_probe))
    name = uuid.uuid4().hex
    others = jobs()
    for old in [key for key, value in others.items() if value.done.is_set()]:
        del others[old]
    others[name] = job
    threading.Thread(target=job.run, name="blender-remote probe", daemon=True).start()
    facts: RunningFacts = {
        "blender": blender_facts(),
        "python": python_facts(),
        "site": site_facts(),
        "online_access": access,
        "pid": os.getpid(),
    }
    # Often the interpreter is known by now: that saves a call.
    job.done.wait(arguments["wait"])
    return {"facts": facts, "job": name, **job.progress()}


def main(arguments: StartArguments | JobArguments) -> StartedProbe | Progress:
    """Start a job, or ask one."""
    if "job" not in arguments:
        return start(arguments)
    job = jobs().get(arguments["job"])
    if job is None:
        raise LookupError("the probe's findings are gone")
    return job.progress()
