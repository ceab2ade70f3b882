"""Work that only Blender's main thread may do, queued by the threads of the connections."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import TIMEOUT_MAX, Lock
from time import monotonic
from time import time as clock
from typing import Generic, TypeVar, cast

from .answers import CommandError

Result_co = TypeVar("Result_co", covariant=True)


@dataclass(frozen=True)
class About:
    """What a job is, for whoever asks what Blender is doing."""

    title: str = ""
    """As "execute t.py", or the request's type."""
    client: str = ""
    """Who asked for it."""
    name: str | None = None
    """The client's name for it, if any."""
    job_id: str | None = None
    """The name of a run of code that goes on without its client."""
    since: float = field(default_factory=clock)
    """When it was asked for; seconds since 1970."""


@dataclass(frozen=True)
class Running:
    """What the main thread is doing."""

    about: About
    since: float
    """Seconds since 1970."""
    seconds: float


class Job(Generic[Result_co]):
    """One piece of work, and its result or error."""

    def __init__(self, work: Callable[[], Result_co], about: About | None = None) -> None:
        """`work` runs once, on the main thread."""
        self.about = about or About()
        self.refused: Callable[[str], None] | None = None
        """Told why, where it will never run."""
        self._work = work
        # A bare lock, held until the end: quicker than an Event, and nothing of it can be patched.
        self._done = Lock()
        self._done.acquire()
        self._ended = False
        self._result: Result_co | None = None
        self._error: BaseException | None = CommandError("Blender's main thread was interrupted")

    def run(self) -> None:
        """Do the work. What it raises is kept for take()."""
        try:
            self._result = self._work()
            self._error = None
        except BaseException as error:
            self._error = error
        self.end()

    def end(self) -> None:
        """Let whoever waits go on; once. Where the work didn't even begin, that is an error."""
        if not self._ended:
            self._done.release()
            self._ended = True

    def fail(self, error: Exception) -> None:
        """End without having run."""
        self._error = error
        self.end()
        if self.refused is not None:
            self.refused(str(error))

    def wait(self, seconds: float | None) -> bool:
        """Wait for the end, at most `seconds` (None: for ever); whether it has come."""
        ended = self._done.acquire(timeout=-1 if seconds is None else min(seconds, TIMEOUT_MAX))
        if ended:
            self._done.release()  # For the next one who asks
        return ended

    def take(self) -> Result_co:
        """After the end: what the work returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return cast("Result_co", self._result)  # The work has returned, perhaps None


class JobQueue:
    """Jobs in order. Any thread submits; the main thread runs, one at a time."""

    def __init__(self) -> None:
        """An empty queue."""
        self._lock = Lock()
        self._waiting: deque[Job[object]] = deque()
        # The job, and when it began: by the monotonic clock, and in seconds since 1970.
        self._running: tuple[About, float, float] | None = None
        self._refusal: str | None = None
        self.wake_main_thread: Callable[[], None] = _nothing
        """Called by any thread that has submitted a job. A main loop that sleeps replaces it."""

    @property
    def running_seconds(self) -> float | None:
        """How long the current job has been running; None when there is none."""
        running = self.running
        return None if running is None else running.seconds

    @property
    def running(self) -> Running | None:
        """The current job; None when there is none. Any thread."""
        if (running := self._running) is None:
            return None
        about, began, since = running
        return Running(about, since, monotonic() - began)

    @property
    def waiting(self) -> list[About]:
        """The jobs that have not started, in their order. Any thread."""
        with self._lock:
            return [job.about for job in self._waiting]

    @property
    def queued(self) -> int:
        """How many jobs have not started."""
        return len(self._waiting)

    @property
    def refusing(self) -> bool:
        """Whether no more jobs are taken, because the service is about to stop."""
        return self._refusal is not None

    def submit(self, job: Job[object], *, urgent: bool = False) -> None:
        """Queue a job, before all others if urgent. CommandError once the queue refuses work."""
        with self._lock:
            if self._refusal is not None:
                raise CommandError(self._refusal)
            if urgent:
                self._waiting.appendleft(job)
            else:
                self._waiting.append(job)
        self.wake_main_thread()

    def withdraw(self, job: Job[object]) -> bool:
        """Take a job out that has not started; whether it could be taken."""
        with self._lock:
            if job not in self._waiting:
                return False
            self._waiting.remove(job)
            return True

    def withdraw_named(self, name: str, reason: str) -> bool:
        """Take out jobs of this name that have not started, answered with `reason`; whether any."""
        with self._lock:
            found = [job for job in self._waiting if job.about.name == name]
            for job in found:
                self._waiting.remove(job)
        for job in found:
            job.fail(CommandError(reason))
        return bool(found)

    def refuse(self, reason: str) -> None:
        """Take no more jobs, and answer those that have not started with `reason`."""
        with self._lock:
            self._refusal = reason
            refused = list(self._waiting)
            self._waiting.clear()
        for job in refused:
            job.fail(CommandError(reason))

    def run_next(self) -> bool:
        """Run one job, if one is waiting; whether one ran.

        Does nothing inside a running job, so code that a job runs can't start the next one.
        """
        with self._lock:
            if self._running is not None or not self._waiting:
                return False
            job = self._waiting.popleft()
        # All in here, because a signal handler of the user's may raise at any instruction.
        try:
            self._running = job.about, monotonic(), clock()
            job.run()
        finally:
            self._running = None
            job.end()
        return True


def _nothing() -> None:
    """For a main thread that looks for jobs by itself, from a timer: it needs no waking."""
