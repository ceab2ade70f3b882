"""The requests about jobs: what they take, and the shapes of their answers."""

import base64
import binascii
from collections.abc import Callable
from threading import TIMEOUT_MAX
from typing import cast

from .answers import CommandError
from .code_jobs import KEPT_RECORDS, QUEUED_LIMIT, STATUSES, CodeJob, CodeJobs
from .execution import OUTPUT_LIMIT, output_of
from .jobs import JobQueue, Running
from .params import Params, as_params, flag, label, number, text_or_none
from .program import Program

WAIT_LIMIT = 30.0
REASON_LIMIT = 1000
_LISTED_LIMIT = 1000
# What the newest published add-on allows.
_WAIT_LIMIT = 3600.0
_WAIT_SECONDS = 30.0
_GRACE_SECONDS = 2.0


class JobRequests:
    """Answers them on the thread of their connection, whatever Blender's main thread does."""

    def __init__(self, jobs: CodeJobs, queue: JobQueue) -> None:
        """`queue`: where the jobs wait, with everything else for the main thread."""
        self._jobs = jobs
        self._queue = queue
        self.requests: dict[str, Callable[[Params], dict[str, object]]] = {
            "get_job_status": self._status,
            "get_job_result": self._result,
            "cancel_job": self._cancel,
            "get_queue_status": self._queue_status,
            "get_active_item": self._active_item,
            "list_jobs": self._list,
            "job_output": self._output,
        }

    def submit(self, params: Params, client: str) -> dict[str, object]:
        """`submit_code_job`: queue `code`, and give what is known of the job."""
        return self._snapshot(self._submit(params, client))

    def execute(self, params: Params, client: str) -> dict[str, object]:
        """`execute_code` as a job that is waited for `wait_timeout_seconds`, 30 by default.

        Then it is cancelled, or left running for `detach_on_wait_timeout`. `_timeout_seconds` is
        the default of both time limits.
        """
        usual = {"wait_timeout_seconds": _WAIT_SECONDS, "job_timeout_seconds": None}
        if (both := params.get("_timeout_seconds")) is not None:
            usual = dict.fromkeys(usual, both)
        given = {name: value for name, value in params.items() if value is not None}
        params = {**usual, **given}
        seconds = min(_limit(params, "wait_timeout_seconds") or _WAIT_SECONDS, _WAIT_LIMIT)
        job = self._submit(params, client)
        if not job.wait(seconds):
            if flag(params, "detach_on_wait_timeout", False):
                return _waiting(job, "waiting", "Wait timeout expired; job is still running")
            self._jobs.cancel(job, "wait timeout")
            if not job.wait(_GRACE_SECONDS):
                return _waiting(
                    job,
                    "timed_out",
                    "Wait timeout expired and cooperative cancellation is pending",
                )
        if job.status == "completed":
            return {**_payload(job), "job_id": job.job_id}
        if job.status == "failed":
            raise CommandError(
                job.error or "Code execution failed", job_id=job.job_id, traceback=job.traceback
            )
        return {
            "executed": False,
            "status": job.status,
            "job_id": job.job_id,
            "cancel_requested": job.cancel_requested,
            "error": job.error,
            "metadata": job.metadata,
        }

    def _submit(self, params: Params, client: str) -> CodeJob:
        program = _program(params)
        title = label(params, "title") or "code"
        return self._jobs.submit(
            _code(params),
            program,
            title=title,
            client=client,
            timeout=_limit(params, "job_timeout_seconds"),
            as_base64=flag(params, "return_as_base64", False),
        )

    def _status(self, params: Params) -> dict[str, object]:
        job = self._jobs.find(job_id := _job_id(params))
        if job is None:
            return {"found": False, "job_id": job_id}
        return {**self._snapshot(job), "found": True}

    def _result(self, params: Params) -> dict[str, object]:
        job = self._jobs.find(job_id := _job_id(params))
        if job is None:
            return {"found": False, "job_id": job_id}
        answer = {**self._snapshot(job), "result": _result(job), "found": True}
        if not job.ended:
            answer["message"] = "Job has not reached a terminal state"
        return answer

    def _cancel(self, params: Params) -> dict[str, object]:
        job = self._jobs.find(job_id := _job_id(params))
        if job is None:
            return {"found": False, "job_id": job_id, "cancel_requested": False}
        reason = text_or_none(params, "reason")
        self._jobs.cancel(job, None if reason is None else reason[:REASON_LIMIT])
        return {**self._snapshot(job), "found": True}

    def _list(self, params: Params) -> dict[str, object]:
        status = text_or_none(params, "status")
        if status is not None and status not in STATUSES:
            raise CommandError(f"Unknown job status: {status}")
        with_ended = flag(params, "include_terminal", True)
        with_result = flag(params, "include_result", False)
        limit = None
        if "limit" not in params or params["limit"] is not None:
            limit = int(number(params, "limit", 100, 0, float("inf")))
            limit = min(limit, _LISTED_LIMIT)
        found = [
            job
            for job in self._jobs.all()
            if (status is None or job.status == status) and (with_ended or not job.ended)
        ][:limit]
        jobs: list[dict[str, object]] = []
        room = OUTPUT_LIMIT
        for job in found:
            jobs.append(self._snapshot(job))
            if with_result:
                # Results that don't fit into the answer any more are left out: null.
                room -= job.output.size
                jobs[-1]["result"] = _result(job) if room >= 0 else None
        return {"jobs": jobs, "count": len(jobs), "limit": limit}

    def _output(self, params: Params) -> dict[str, object]:
        """What a job writes from `offset` on; waits up to `wait_seconds` for the first of it."""
        offset = number(params, "offset", 0, 0, 2**63)
        seconds = number(params, "wait_seconds", 0, 0, WAIT_LIMIT)
        job = self._jobs.find(job_id := _job_id(params))
        if job is None:
            return {"found": False, "job_id": job_id}
        self._jobs.follower_asks(job)
        output = job.output.read(int(offset), seconds)
        ended = job.ended
        if ended and not output.chunks:  # It may have written its last just between the two
            output = job.output.read(int(offset), 0)
        self._jobs.follower_hears(job, end=ended and not output.chunks)
        return {
            "found": True,
            "job_id": job.job_id,
            "status": job.status,
            "terminal": ended,
            "chunks": [
                [stream, base64.b64encode(data).decode("ascii")] for stream, data in output.chunks
            ],
            "offset": output.offset,
            "begins_at": output.begins_at,
            "exit_status": job.exit_status if ended else None,
            "duration_seconds": job.duration if ended else None,
        }

    def _queue_status(self, _params: Params) -> dict[str, object]:
        waiting = self._queue.waiting
        jobs = [about.job_id for about in waiting if about.job_id is not None]
        others = [
            {
                "operation_id": about.name or f"request-{index}",
                "command_type": about.title,
                "queue_position": index,
                "created_at": about.since,
            }
            for index, about in enumerate((one for one in waiting if one.job_id is None), start=1)
        ]
        return {
            "active_item": _active(self._queue.running),
            "queued_user_jobs": len(jobs),
            "queued_user_job_ids": jobs,
            "queued_system_operations": len(others),
            "queued_system_operation_ids": [one["operation_id"] for one in others],
            "queued_system_operation_details": others,
            "capacity": {
                "max_queued_user_jobs": QUEUED_LIMIT,
                "max_queued_system_operations": None,
                "terminal_job_retention_limit": KEPT_RECORDS,
            },
        }

    def _active_item(self, _params: Params) -> dict[str, object]:
        return {"active_item": _active(self._queue.running)}

    def _snapshot(self, job: CodeJob) -> dict[str, object]:
        position = self._jobs.position(job)
        running = job.status in ("running", "cancelling") and job.started_at is not None
        return {
            "job_id": job.job_id,
            "status": job.status,
            "cancel_requested": job.cancel_requested,
            "terminal": job.ended,
            "created_at": job.created_at,
            "updated_at": job.updated_at,
            "started_at": job.started_at,
            "completed_at": job.completed_at,
            "job_timeout_seconds": job.timeout,
            "error": job.error,
            "traceback": job.traceback,
            "metadata": dict(job.metadata),
            "active": running,
            "queue_position": position,
            "queue_name": "user_job" if running or position is not None else None,
            "title": job.about.title,
            "client": job.about.client,
            "exit_status": job.exit_status if job.ended else None,
        }


def _active(running: Running | None) -> dict[str, object] | None:
    if running is None:
        return None
    about = running.about
    if about.job_id is not None:
        return {
            "kind": "user_job",
            "item_id": about.job_id,
            "job_id": about.job_id,
            "operation_id": None,
            "command_type": None,
            "started_at": running.since,
        }
    # Here execute_code without time limits of its own is no job: our scripts are hundreds of them.
    return {
        "kind": "user_job" if about.title.startswith("execute_code") else "system_operation",
        "item_id": about.name or about.title,
        "job_id": None,
        "operation_id": about.name or about.title,
        "command_type": about.title,
        "started_at": running.since,
    }


def _waiting(job: CodeJob, status: str, message: str) -> dict[str, object]:
    return {
        "executed": False,
        "status": status,
        "job_id": job.job_id,
        "cancel_requested": job.cancel_requested,
        "message": message,
    }


def _result(job: CodeJob) -> dict[str, object] | None:
    """What a job has given: for code its output, for a program also its exit status."""
    return _payload(job) if job.ended and job.status == "completed" else None


def _payload(job: CodeJob) -> dict[str, object]:
    output = output_of(job.output)
    result: dict[str, object] = {
        "executed": True,
        "status": "completed",
        "result": output["stdout"],
        "output": output,
        "duration": job.duration,
    }
    if job.as_base64:
        encoded = output["stdout"].encode("utf-8", "replace")
        result["result"] = base64.b64encode(encoded).decode("ascii")
        result["result_is_base64"] = bool(encoded)
    return result


def _job_id(params: Params) -> str:
    value = text_or_none(params, "job_id")
    if not value:
        raise CommandError("job_id parameter is required")
    return value


def _limit(params: Params, name: str) -> float | None:
    seconds = params.get(name)
    if seconds is None:
        return None
    seconds = number(params, name, 0, float("-inf"), float("inf"))
    return min(seconds, TIMEOUT_MAX) if seconds > 0 else None


def _code(params: Params) -> "str | bytes":
    code = text_or_none(params, "code")
    # A program may be an empty file.
    if not code and params.get("program") is None:
        raise CommandError("No code provided")
    if not flag(params, "code_is_base64", False):
        return code or ""
    try:
        content = base64.b64decode(code or "", validate=True)
        return content if params.get("program") is not None else content.decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise CommandError(f"Failed to decode base64 code: {error}") from None


def _program(params: Params) -> Program | None:
    if params.get("program") is None:
        return None
    given = as_params(params["program"], "program")
    name, path0, argv = given.get("name"), given.get("path0"), given.get("argv")
    if not isinstance(name, str) or not name or not isinstance(path0, str):
        raise CommandError("program needs name and path0, which are strings")
    if not isinstance(argv, list) or not argv:
        raise CommandError("program needs argv, a list of strings")
    words = cast("list[object]", argv)
    texts = [word for word in words if isinstance(word, str)]
    if len(texts) < len(words):
        raise CommandError("program needs argv, a list of strings")
    if any("\0" in text for text in (name, path0, *texts)):
        raise CommandError("program has a null character in name, path0 or argv")
    return Program(name, texts, path0)
