"""From a request to its answer, on the thread of its connection."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from time import monotonic
from typing import Protocol, TypeVar

from . import blender
from .answers import CommandError, Reply, encode, failure, success
from .authentication import Handshake
from .code_jobs import CodeJobs
from .commands import Command, commands, legacy
from .execution import CodeRunner
from .interruption import UserCodeGuard
from .job_requests import JobRequests
from .jobs import About, Job, JobQueue, Running
from .limits import ServiceLimits
from .params import Params, as_params, flag, label, text_or_none, timeout
from .run_script import answered

Result = TypeVar("Result")

PROTOCOL = 1
CAPABILITIES = (
    "status",
    "timeout_seconds",
    "shutdown_quit",
    "interrupt",
    "request_id",
    "run_script",
    "script_modules",
    "upload",
    "client",
    "jobs",
)
# With one of these, execute_code is a job, as the newest published client knows it.
_JOB_LIMITS = frozenset(("wait_timeout_seconds", "job_timeout_seconds", "detach_on_wait_timeout"))


@dataclass
class Caller:
    """Who is at the other end of a connection."""

    name: str
    """Its address, until it says in hello who it is; at most 200 characters."""
    handshake: Handshake
    """Whether it may make requests."""


class Service(Protocol):
    """What the requests are about, as far as the dispatcher needs to know it."""

    facts: blender.BlenderFacts
    version: str
    jobs: JobQueue
    guard: UserCodeGuard
    runner: CodeRunner
    limits: ServiceLimits

    stop_requested: bool

    @property
    def code_ran_since_save(self) -> bool:
        """Whether code has run since the open file was saved or loaded."""
        ...

    @property
    def address(self) -> str:
        """Where clients find it, as tcp://127.0.0.1:6688."""
        ...

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        ...

    def request_stop(self, *, quit_blender: bool, force: bool) -> None:
        """Ask the main thread to stop the service; `force` interrupts running code."""
        ...


class Dispatcher:
    """Answers control requests itself and has the main thread carry out all others."""

    def __init__(self, service: Service) -> None:
        """`service`: what the requests are about."""
        self._service = service
        self._started = monotonic()
        self._requests = count()
        self._request_count = 0
        self._commands = commands(service.runner)
        jobs = CodeJobs(service.runner, service.guard, service.jobs)
        self._jobs = JobRequests(jobs, service.jobs)
        self._control: dict[str, Callable[[Params], Reply]] = {
            "status": lambda _params: _reply(self._status()),
            "interrupt": lambda params: _reply({"interrupted": self._interrupt(params)}),
            "run_script": lambda params: _reply(run_script(params)),
            "server_shutdown": self._shutdown,
        }

    @property
    def known(self) -> set[str]:
        """The types of all requests that are answered here."""
        of_code = {"hello", "submit_code_job", "execute_code"}
        return {*of_code, *self._jobs.requests, *self._control, *self._commands}

    def reply_to(self, request: Mapping[str, object], caller: Caller) -> Reply:
        """The reply to one request; what goes wrong becomes an error answer."""
        self._request_count = next(self._requests) + 1
        try:
            return self._reply_to(request, caller)
        except BaseException as error:
            return Reply(encode(failure(error)))

    def _reply_to(self, request: Mapping[str, object], caller: Caller) -> Reply:
        name = request.get("type")
        if name is None:
            runner, source = self._service.runner, self._service.address
            about = About("a request of the oldest form", caller.name)
            return Reply(
                self._on_main_thread(lambda: encode(legacy(runner, request, source)), None, about)
            )
        params = as_params(request.get("params") or {})
        if not isinstance(name, str):
            raise CommandError(f"type must be a string, not {type(name).__name__}")
        if name == "hello":
            return _reply(self._hello(params, caller))
        if name == "submit_code_job":
            return _reply(self._jobs.submit(params, caller.name))
        if name == "execute_code" and not _JOB_LIMITS.isdisjoint(params):
            return _reply(self._jobs.execute(params, caller.name))
        if name in self._jobs.requests:
            return _reply(self._jobs.requests[name](params))
        if name in self._control:
            return self._control[name](params)
        if name not in self._commands:
            raise CommandError(f"unknown command type {name!r}")
        command = self._commands[name]
        about = About(name, caller.name, text_or_none(params, "_request_id"))
        work = partial(_carry_out, command, params)
        return Reply(self._on_main_thread(work, timeout(params), about))

    def _on_main_thread(
        self,
        work: Callable[[], Result],
        seconds: float | None,
        about: About,
        *,
        urgent: bool = False,
    ) -> Result:
        job = Job(work, about)
        self._service.jobs.submit(job, urgent=urgent)
        if job.wait(seconds):
            return job.take()
        if self._service.jobs.withdraw(job):
            raise CommandError(
                f"timeout after {seconds:g} s: Blender's main thread was busy, so this had not "
                "started; it was cancelled and will not run",
                timeout="not_started",
            )
        if job.wait(0):  # It ended just now
            return job.take()
        raise CommandError(
            f"timeout after {seconds:g} s: this is still running in Blender and goes on; "
            "its answer will be dropped",
            timeout="running",
        )

    def _hello(self, params: Params, caller: Caller) -> dict[str, object]:
        service = self._service
        greeting = caller.handshake.greeting(params)
        caller.name = label(params, "client") or caller.name
        return {
            "protocol": PROTOCOL,
            "server": "bld_remote_mcp",
            "service_version": service.version,
            "capabilities": list(CAPABILITIES),
            "blender_version": service.facts.version,
            "pid": os.getpid(),
            "background": service.facts.background,
            **greeting,
            # Clients needn't send what is too large to learn that it is.
            "request_limit": service.limits.request.size,
        }

    def _status(self) -> dict[str, object]:
        service = self._service
        running = service.jobs.running
        return {
            "busy": running is not None,
            "running_seconds": None if running is None else running.seconds,
            "running": None if running is None else _running(running),
            "queued": service.jobs.queued,
            "stopping": service.stop_requested,
            "connections": service.connections,
            "uptime_seconds": monotonic() - self._started,
            "requests": self._request_count,
            "code_ran_since_save": service.code_ran_since_save,
        }

    def _interrupt(self, params: Params) -> bool:
        """Interrupt the running code; with `request_id` only that request, started or not."""
        identity = text_or_none(params, "request_id")
        if identity is None:
            return self._service.guard.interrupt()
        reason = "interrupted before it had started; it will not run"
        return self._service.jobs.withdraw_named(identity, reason) or self._service.guard.interrupt(
            identity
        )

    def _shutdown(self, params: Params) -> Reply:
        service = self._service
        quit_blender = flag(params, "quit", service.facts.background)
        force = flag(params, "force", False)
        if quit_blender and not force and not service.facts.background:
            self._check_nothing_unsaved(timeout(params))
        answer = {
            "message": "Server shutdown initiated",
            "quit": quit_blender,
            "force": force,
            "code_ran_since_save": service.code_ran_since_save,
        }
        return Reply(
            encode(success(answer)),
            lambda: service.request_stop(quit_blender=quit_blender, force=force),
        )

    def _check_nothing_unsaved(self, seconds: float | None) -> None:
        about = About("a look at unsaved changes")
        if self._on_main_thread(blender.has_unsaved_changes, seconds, about, urgent=True):
            raise CommandError(
                "the open file has unsaved changes, so Blender was not quit; "
                "save it, or give force to lose them",
                code_ran_since_save=self._service.code_ran_since_save,
            )


def run_script(params: Params) -> dict[str, object]:
    """Run a script on the connection's thread, whatever Blender's main thread is doing.

    Such a script works on files and must not call Blender. Takes and gives what
    `run_script.answered` does.
    """
    call, digest = params.get("call"), params.get("digest")
    if not isinstance(call, str) or not isinstance(digest, str):
        raise CommandError("call and digest must be strings")
    outcome, own_digest = answered(call, digest)
    return {"outcome": outcome, "digest": own_digest}


def _running(running: Running) -> dict[str, object]:
    about = running.about
    return {
        "kind": "request" if about.job_id is None else "job",
        "job_id": about.job_id,
        "title": about.title,
        "client": about.client,
        "since": running.since,
        "seconds": running.seconds,
    }


def _carry_out(command: Command, params: Params) -> bytes:
    # Encoding is on the main thread, too: so nothing changes a kept value meanwhile, and no object
    # of Blender's is freed on another thread.
    try:
        return encode(success(command(params)))
    except Exception as error:
        return encode(failure(error))


def _reply(result: dict[str, object]) -> Reply:
    return Reply(encode(success(result)))
