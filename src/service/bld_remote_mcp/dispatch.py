"""From a request to its answer, on the thread of its connection."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from . import blender
from .answers import CommandError, encode, failure, success
from .commands import Command, Params, commands, legacy, text_or_none
from .jobs import Job, Result
from .run_script import answered

if TYPE_CHECKING:
    from .server import Server

PROTOCOL = 1
CAPABILITIES = (
    "status",
    "timeout_seconds",
    "shutdown_quit",
    "interrupt",
    "request_id",
    "run_script",
    "upload",
)


@dataclass(frozen=True)
class Reply:
    """An answer's bytes, and what is to happen once it has been sent."""

    body: bytes
    afterwards: Callable[[], None] | None = None


class Dispatcher:
    """Answers control requests itself and has the main thread carry out all others."""

    def __init__(self, server: Server) -> None:
        """`server`: what the requests are about."""
        self._server = server
        self._started = time.monotonic()
        self._requests = count()
        self._request_count = 0
        self._commands = commands(server.runner)
        self._control: dict[str, Callable[[Params], Reply]] = {
            "hello": lambda _params: _reply(self._hello()),
            "status": lambda _params: _reply(self._status()),
            "interrupt": lambda params: _reply({"interrupted": self._interrupt(params)}),
            "run_script": lambda params: _reply(run_script(params)),
            "server_shutdown": self._shutdown,
        }

    def reply_to(self, request: Mapping[str, object]) -> Reply:
        """The reply to one request; what goes wrong becomes an error answer."""
        self._request_count = next(self._requests) + 1
        try:
            return self._reply_to(request)
        except BaseException as error:
            return Reply(encode(failure(error)))

    def _reply_to(self, request: Mapping[str, object]) -> Reply:
        name = request.get("type")
        if name is None:
            runner, source = self._server.runner, self._server.address
            return Reply(
                self._on_main_thread(lambda: encode(legacy(runner, request, source)), None)
            )
        params = request.get("params") or {}
        if not isinstance(params, dict):
            raise CommandError(f"params must be an object, not {type(params).__name__}")
        if not isinstance(name, str):
            raise CommandError(f"type must be a string, not {type(name).__name__}")
        if name in self._control:
            return self._control[name](params)
        if name not in self._commands:
            raise CommandError(f"unknown command type {name!r}")
        command = self._commands[name]
        identity = text_or_none(params, "_request_id")
        work = partial(_carry_out, command, params)
        return Reply(self._on_main_thread(work, _timeout(params), name=identity))

    def _on_main_thread(
        self,
        work: Callable[[], Result],
        timeout: float | None,
        *,
        name: str | None = None,
        urgent: bool = False,
    ) -> Result:
        job = Job(work, name)
        self._server.jobs.submit(job, urgent=urgent)
        if job.wait(timeout):
            return job.take()
        if self._server.jobs.withdraw(job):
            raise CommandError(
                f"timeout after {timeout:g} s: Blender's main thread was busy, so this had not "
                "started; it was cancelled and will not run",
                timeout="not_started",
            )
        if job.wait(0):  # It ended just now
            return job.take()
        raise CommandError(
            f"timeout after {timeout:g} s: this is still running in Blender and goes on; "
            "its answer will be dropped",
            timeout="running",
        )

    def _hello(self) -> dict[str, object]:
        server = self._server
        return {
            "protocol": PROTOCOL,
            "server": "bld_remote_mcp",
            "service_version": server.version,
            "capabilities": list(CAPABILITIES),
            "blender_version": server.facts.version,
            "pid": os.getpid(),
            "background": server.facts.background,
            "authentication": "none",
        }

    def _status(self) -> dict[str, object]:
        running = self._server.jobs.running_seconds
        return {
            "busy": running is not None,
            "running_seconds": running,
            "queued": self._server.jobs.queued,
            "connections": self._server.connections,
            "uptime_seconds": time.monotonic() - self._started,
            "requests": self._request_count,
        }

    def _interrupt(self, params: Params) -> bool:
        """Interrupt the running code; with `request_id` only that request, started or not."""
        identity = text_or_none(params, "request_id")
        if identity is None:
            return self._server.guard.interrupt()
        reason = "interrupted before it had started; it will not run"
        return self._server.jobs.withdraw_named(identity, reason) or self._server.guard.interrupt(
            identity
        )

    def _shutdown(self, params: Params) -> Reply:
        server = self._server
        quit_blender = _flag(params, "quit", server.facts.background)
        force = _flag(params, "force", False)
        if quit_blender and not force and not server.facts.background:
            self._check_nothing_unsaved(_timeout(params))
        return Reply(
            encode(
                success(
                    {"message": "Server shutdown initiated", "quit": quit_blender, "force": force}
                )
            ),
            lambda: server.request_stop(quit_blender=quit_blender, force=force),
        )

    def _check_nothing_unsaved(self, timeout: float | None) -> None:
        if self._on_main_thread(blender.has_unsaved_changes, timeout, urgent=True):
            raise CommandError(
                "the open file has unsaved changes, so Blender was not quit; "
                "save it, or give force to lose them"
            )


def run_script(params: Params) -> dict[str, object]:
    """Run a script here, on the connection's thread, while Blender's main thread does anything.

    Such a script must leave Blender alone: it is for work on files. Takes and gives what
    `run_script.answered` does.
    """
    call, digest = params.get("call"), params.get("digest")
    if not isinstance(call, str) or not isinstance(digest, str):
        raise CommandError("call and digest must be strings")
    outcome, own_digest = answered(call, digest)
    return {"outcome": outcome, "digest": own_digest}


def _carry_out(command: Command, params: Params) -> bytes:
    # All of it on the main thread: nothing changes a kept value while it is being encoded, and no
    # object of Blender's is freed on another thread.
    try:
        return encode(success(command(params)))
    except Exception as error:
        return encode(failure(error))


def _reply(result: dict[str, object]) -> Reply:
    return Reply(encode(success(result)))


def _flag(params: Params, name: str, default: bool) -> bool:
    value = params.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise CommandError(f"{name} must be true or false, not {value!r}")
    return value


def _timeout(params: Params) -> float | None:
    """`_timeout_seconds`; None, which is no limit, where it is absent or not positive."""
    value = params.get("_timeout_seconds")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        raise CommandError(f"_timeout_seconds must be a finite number, not {value!r}")
    return float(value) if value > 0 else None


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # An integer beyond every float
        return False
