"""Work that only Blender's main thread may do, queued by the threads of the connections."""

from collections import deque
from collections.abc import Callable
from threading import TIMEOUT_MAX, Event, Lock
from time import monotonic
from typing import Generic, TypeVar, cast

from .answers import CommandError

Result_co = TypeVar("Result_co", covariant=True)


class Job(Generic[Result_co]):
    """One piece of work, and its result or error."""

    def __init__(self, work: Callable[[], Result_co], name: str | None = None) -> None:
        """`work` runs once, on the main thread; `name`: the client's name for it, if any."""
        self.name = name
        self._work = work
        self._done = Event()
        self._result: Result_co | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the work. What it raises is kept for take()."""
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error
        self._done.set()

    def fail(self, error: Exception) -> None:
        """End without having run."""
        self._error = error
        self._done.set()

    def wait(self, seconds: float | None) -> bool:
        """Wait for the end, at most `seconds` (None: for ever); whether it has come."""
        return self._done.wait(None if seconds is None else min(seconds, TIMEOUT_MAX))

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
        self._running_since: float | None = None
        self._refusal: str | None = None
        self.wake_main_thread: Callable[[], None] = _nothing
        """Called by any thread that has submitted a job. A main loop that sleeps replaces it."""

    @property
    def running_seconds(self) -> float | None:
        """How long the current job has been running; None when there is none."""
        since = self._running_since
        return None if since is None else monotonic() - since

    @property
    def queued(self) -> int:
        """How many jobs have not started."""
        return len(self._waiting)

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
            found = [job for job in self._waiting if job.name == name]
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
            if self._running_since is not None or not self._waiting:
                return False
            job = self._waiting.popleft()
            self._running_since = monotonic()
        try:
            job.run()
        finally:
            self._running_since = None
        return True


def _nothing() -> None:
    """For a main thread that looks for jobs by itself, from a timer: it needs no waking."""
