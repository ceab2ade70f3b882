"""Work on the user modules in a thread of its own, which is looked at with short calls.

So neither Blender's main thread nor a connection waits for it, it tells how far it is, and it can
be told to stop. Only one changes the folder at a time.
"""

import sys
import threading
import time
import types
from collections.abc import Callable
from typing import TypedDict, cast

REGISTRY = "_blender_remote_module_jobs"

# After this many seconds without a question nobody will ask any more.
FORGOTTEN = 60

# How often a job that waits for another one looks whether it is to go on waiting, in seconds.
TURN = 0.05


class StoppedError(Exception):
    """A change was told to stop, and has undone what it had done."""


class ChangeProgress:
    """How far a change is, in files; the change gives it up where ``step`` raises."""

    def __init__(self) -> None:
        self.moved = 0
        self.total = 0
        # From then on it is done, although not cleared up after.
        self.done = False
        self.stopping = threading.Event()

    def check(self) -> None:
        if self.stopping.is_set():
            raise StoppedError("it was told to stop")

    def step(self) -> None:
        self.check()
        self.moved += 1


class ModuleJob:
    """A thread that works, and what comes of it."""

    def __init__(self) -> None:
        self.progress = ChangeProgress()
        self.thread: threading.Thread | None = None
        self.value: object = None
        self.error: BaseException | None = None
        self.asked = time.monotonic()


class JobState(TypedDict):
    """How far a job is; ``value`` is what it gives when it is over, null before."""

    over: bool
    # What it changes is changed; it only clears up.
    done: bool
    moved: int
    total: int
    value: object


def registry() -> dict[str, ModuleJob]:
    """Give this Blender's jobs; what stays between two calls is kept in ``sys.modules``."""
    module = sys.modules.setdefault(REGISTRY, types.ModuleType(REGISTRY))
    return cast("dict[str, ModuleJob]", module.__dict__.setdefault("jobs", {}))


def turn() -> threading.Lock:
    """Give what one change at a time has."""
    module = sys.modules.setdefault(REGISTRY, types.ModuleType(REGISTRY))
    return module.__dict__.setdefault("lock", threading.Lock())


def job_of(identity: str) -> ModuleJob:
    """Give a job that may have been told to stop before it began; forget others that are old."""
    jobs, now = registry(), time.monotonic()
    for one, job in list(jobs.items()):
        is_over = job.thread is None or not job.thread.is_alive()
        if one != identity and is_over and now - job.asked > FORGOTTEN:
            jobs.pop(one, None)
    job = jobs.setdefault(identity, ModuleJob())
    job.asked = now
    return job


def begin(identity: str, work: Callable[[ChangeProgress], object], seconds: float) -> JobState:
    """Begin a job, and wait so long for its end; raises what it has raised by then."""
    job = job_of(identity)

    def run() -> None:
        try:
            while not turn().acquire(timeout=TURN):
                job.progress.check()
            try:
                job.progress.check()
                job.value = work(job.progress)
            finally:
                turn().release()
        except BaseException as error:
            job.error = error

    job.thread = threading.Thread(target=run, name="blender-remote user modules", daemon=True)
    job.thread.start()
    return look(identity, seconds)


def look(identity: str, seconds: float) -> JobState:
    """Wait so long for a job's end, and tell how far it is; raises what it has raised."""
    job = job_of(identity)
    if job.thread is not None:
        job.thread.join(seconds)
    over = job.thread is not None and not job.thread.is_alive()
    if over and job.error is not None:
        raise job.error
    progress = job.progress
    return {
        "over": over,
        "done": progress.done,
        "moved": progress.moved,
        "total": progress.total,
        "value": job.value if over else None,
    }


def stop(identity: str, seconds: float) -> JobState:
    """Tell a job to stop, also one that comes later; then as ``look``, which may raise that."""
    job = job_of(identity)
    job.progress.stopping.set()
    if job.thread is None:
        raise StoppedError("it was told to stop before it began")
    return look(identity, seconds)
