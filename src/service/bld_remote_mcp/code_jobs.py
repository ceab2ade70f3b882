"""Runs of code that have a name and go on without their client: submitted, followed, cancelled.

The requests have the shapes of the newest published add-on, so that its clients work here too;
`job_output`, `program` and `title` are ours.
"""

from dataclasses import dataclass, field
from itertools import count
from math import inf
from threading import Event, RLock, Timer
from time import monotonic, sleep
from time import time as clock

from .answers import CommandError
from .execution import CodeRunner
from .interruption import UserCodeGuard
from .jobs import About, Job, JobQueue
from .output_log import OutputLog
from .program import Program

QUEUED_LIMIT = 128
QUEUED_CODE = 64 * 1024 * 1024
"""Bytes of the code of all jobs that wait: it stays when their requests have been answered."""
KEPT_RECORDS = 100
FOLLOWER_SECONDS = 1.0
KEPT_OUTPUT = 512 * 1024 * 1024
"""Bytes of output that all ended jobs together keep; beyond, that of the oldest goes."""

_ENDED = ("cancelled", "completed", "failed", "timed_out", "killed")
STATUSES = ("queued", "running", "cancelling", *_ENDED)


class JobCancelled(Exception):  # noqa: N818 - it is no error
    """Raised in code that asks whether it was cancelled, by check_cancelled()."""


@dataclass
class CodeJob:
    """One run of code under a name. Times in seconds since 1970."""

    job_id: str
    about: About
    timeout: float | None
    created_at: float = field(default_factory=clock)
    updated_at: float = field(default_factory=clock)
    started_at: float | None = None
    completed_at: float | None = None
    status: str = "queued"
    cancel_requested: bool = False
    timed_out: bool = False
    exit_status: int | None = None
    duration: float | None = None
    error: str | None = None
    traceback: str | None = None
    metadata: dict[str, object] = field(default_factory=dict[str, object])
    output: OutputLog = field(default_factory=OutputLog)
    size: int = 0
    """Of its code, in bytes or characters."""
    as_base64: bool = False
    """Whether its client wants its result in base64."""
    _over: Event = field(default_factory=Event)

    @property
    def ended(self) -> bool:
        """Whether it is over, or never will begin."""
        return self.status in _ENDED

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; whether it has come."""
        return self._over.wait(seconds)

    def end(self, status: str) -> None:
        """It is over: nothing more of it changes."""
        self.status = status
        self.completed_at = self.updated_at = clock()
        self._over.set()


class JobContext:
    """What code of a job without a program finds as `ctx` and `job_context`."""

    def __init__(self, job: CodeJob) -> None:
        """`job`: the one that it runs in."""
        self._job = job
        self.job_id = job.job_id

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked for the end of this job."""
        return self._job.cancel_requested

    def check_cancelled(self) -> None:
        """End the code where its end was asked for."""
        if self.cancel_requested:
            raise JobCancelled(f"Job {self.job_id} cancelled")


class CodeJobs:
    """The jobs that run, wait, and ended not long ago. Any thread."""

    def __init__(self, runner: CodeRunner, guard: UserCodeGuard, queue: JobQueue) -> None:
        """`guard` interrupts what `runner` runs from `queue`."""
        self._runner = runner
        self._guard = guard
        self._queue = queue
        self._lock = RLock()
        self._numbers = count(1)
        self._jobs: dict[str, CodeJob] = {}
        # When a job came or its follower got an answer, not the end; infinity while one waits.
        self._followed: dict[str, float] = {}

    def submit(
        self,
        source: "str | bytes",
        program: Program | None,
        *,
        title: str,
        client: str,
        timeout: float | None,
        as_base64: bool = False,
    ) -> CodeJob:
        """Queue code; CommandError where too much is queued, or the service is about to stop."""
        with self._lock:
            self._check_room(len(source))
            job_id = f"bld-job-{next(self._numbers)}"
            about = About(title, client, job_id, job_id)
            job = CodeJob(
                job_id,
                about,
                timeout,
                metadata={"command": "execute_code"},
                size=len(source),
                as_base64=as_base64,
            )
            task = Job(lambda: self._run(job, source, program), about)
            task.refused = lambda reason: self._end(job, "cancelled", error=reason)
            self._queue.submit(task)
            self._jobs[job_id] = job
            # Who submits it is likely to follow it, and code may be over before they can ask.
            self._followed.setdefault(job_id, monotonic())
            return job

    def _check_room(self, size: int) -> None:
        sizes = [job.size for job in self._jobs.values() if job.status == "queued"]
        full = None
        if len(sizes) >= QUEUED_LIMIT:
            full = f"limit={QUEUED_LIMIT}"
        elif sizes and sum(sizes) + size > QUEUED_CODE:
            full = f"{sum(sizes)} bytes of code wait, and at most {QUEUED_CODE} may"
        if full is not None:
            raise CommandError(
                f"user_job queue capacity exceeded; {full}", error_code="queue_capacity_exceeded"
            )

    def find(self, job_id: str) -> CodeJob | None:
        """A job by its name, None where it is unknown or was forgotten."""
        return self._jobs.get(job_id)

    def follower_asks(self, job: CodeJob) -> None:
        """Somebody waits for output of the job."""
        self._followed[job.job_id] = inf

    def follower_hears(self, job: CodeJob, *, end: bool) -> None:
        """They got some, or that it has ended and nothing is left."""
        if end:
            self._followed.pop(job.job_id, None)
        else:
            self._followed[job.job_id] = monotonic()

    def all(self) -> list[CodeJob]:
        """Every job that is known, in the order of their coming."""
        with self._lock:
            return list(self._jobs.values())

    def queued_count(self) -> int:
        """How many jobs wait."""
        return sum(job.status == "queued" for job in self.all())

    def position(self, job: CodeJob) -> int | None:
        """The place of a job among the waiting ones, from 1; None where it doesn't wait."""
        waiting = [about.job_id for about in self._queue.waiting if about.job_id is not None]
        return waiting.index(job.job_id) + 1 if job.job_id in waiting else None

    def cancel(self, job: CodeJob, reason: str | None) -> None:
        """Have a waiting job not begin, and interrupt one that runs; nothing where it has ended."""
        with self._lock:
            if job.ended:
                return
            job.cancel_requested = True
            job.updated_at = clock()
            if reason is not None:
                job.metadata["cancel_reason"] = reason
            job.status = "cancelling"
        if self._queue.withdraw_named(job.job_id, "cancelled before it had started"):
            return
        # It may be just between the queue and its first instruction, which comes within moments.
        for _ in range(200):
            if job.ended or self._guard.interrupt(job.job_id):
                return
            sleep(0.005)

    def _run(self, job: CodeJob, source: "str | bytes", program: Program | None) -> None:
        """On the main thread."""
        with self._lock:
            if job.cancel_requested:
                self._end(job, "cancelled")
                return
            job.status = "running"
            job.started_at = job.updated_at = clock()
        limit = None if job.timeout is None else Timer(job.timeout, self._time_out, (job,))
        began = monotonic()
        try:
            if limit is not None:
                limit.daemon = True
                limit.start()
            if program is None:
                self._run_code(job, source.decode() if isinstance(source, bytes) else source)
            else:
                content = source if isinstance(source, bytes) else source.encode()
                job.exit_status = self._runner.run_program(
                    content, program, job.output.write, job.job_id
                )
        except BaseException as error:
            job.error = f"{type(error).__name__}: it struck the service, not the code"
        finally:
            job.duration = round(monotonic() - began, 6)
            if limit is not None:
                limit.cancel()
            with self._lock:  # A cancel that comes now is too late to have been the reason
                self._end(job, self._final_status(job))
            if self._queue.refusing:
                self._let_follower_hear(job)

    def _let_follower_hear(self, job: CodeJob) -> None:
        """Before the service stops, give whoever follows the job the time to ask for its end."""
        deadline = monotonic() + FOLLOWER_SECONDS
        while (now := monotonic()) < deadline:
            if now - self._followed.get(job.job_id, -inf) > FOLLOWER_SECONDS / 2:
                return
            sleep(0.005)

    def _run_code(self, job: CodeJob, source: str) -> None:
        context = JobContext(job)
        given = {
            "ctx": context,
            "job_context": context,
            "__bld_remote_job_context": context,
            "check_cancelled": context.check_cancelled,
        }
        failed = self._runner.run_job(source, job.output.write, given, job.job_id)
        job.exit_status = 0
        if failed is not None:
            job.exit_status = failed.exit_code if failed.exit_code is not None else 1
            job.error = f"Code execution error: {failed.message}"
            job.traceback = failed.traceback
            job.output.write("stderr", failed.traceback.encode("utf-8", "backslashreplace"))

    def _final_status(self, job: CodeJob) -> str:
        if job.error is None and job.exit_status == 0:
            return "completed"
        if job.timed_out:
            job.error = f"Job {job.job_id} timed out"
            return "timed_out"
        if job.cancel_requested:
            job.error = None
            return "cancelled"
        return "failed"

    def _time_out(self, job: CodeJob) -> None:
        job.timed_out = True
        job.metadata["timeout_requested"] = True
        self.cancel(job, None)

    def _end(self, job: CodeJob, status: str, *, error: str | None = None) -> None:
        with self._lock:
            if job.ended:
                return
            job.error = error or job.error
            job.end(status)
            self._forget_old()
        job.output.end()

    def _forget_old(self) -> None:
        ended = [job for job in self._jobs.values() if job.ended]
        for job in ended[: max(0, len(ended) - KEPT_RECORDS)]:
            del self._jobs[job.job_id]
            self._followed.pop(job.job_id, None)
            job.output.drop()
        kept = 0
        for job in reversed(ended):
            kept += job.output.size
            if kept > KEPT_OUTPUT:
                job.output.drop()
