"""Runs of code that have a name: from their beginning to their end."""

import base64
import json
import time
import traceback
from types import ModuleType

import pytest
from job_client import HOLD, LOOP, ended, read_all, run_program, submit
from wire import SECONDS, Client, Gate

SNAPSHOT = {
    "job_id",
    "status",
    "cancel_requested",
    "terminal",
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "job_timeout_seconds",
    "error",
    "traceback",
    "metadata",
    "active",
    "queue_position",
    "queue_name",
    "title",
    "client",
    "exit_status",
}


def test_a_job_from_queue_to_result(client: Client) -> None:
    answer = client.ask("submit_code_job", code="print('ä')")["result"]
    assert set(answer) == SNAPSHOT
    assert answer["job_id"] == "bld-job-1"
    result = ended(client, "bld-job-1")
    assert set(result) == SNAPSHOT | {"result", "found"}
    assert result["status"] == "completed"
    assert result["terminal"] is result["found"] is True
    assert result["created_at"] <= result["started_at"] <= result["completed_at"]
    assert result["metadata"] == {"command": "execute_code"}
    duration = result["result"].pop("duration")
    assert duration >= 0
    assert result["result"] == {
        "executed": True,
        "status": "completed",
        "result": "ä\n",
        "output": {"stdout": "ä\n", "stderr": ""},
    }


def test_a_result_in_base64(client: Client) -> None:
    job = submit(client, "print(1)", return_as_base64=True)
    result = ended(client, job)["result"]
    assert (result["result"], result["result_is_base64"]) == ("MQo=", True)


def test_a_job_that_fails(client: Client) -> None:
    result = ended(client, submit(client, "x = 1\nx / 0"))
    assert result["status"] == "failed"
    assert result["result"] is None
    assert result["error"] == "Code execution error: division by zero"
    assert 'File "<execute_code>", line 2' in result["traceback"]


def test_a_program_has_an_exit_status_and_its_output_in_order(client: Client) -> None:
    code = "import sys\nprint(1)\nprint(2, file=sys.stderr)\nprint(sys.argv)\nsys.exit(3)"
    job = run_program(client, code, title="execute t.py")
    read, chunks = read_all(client, job)
    assert chunks == [("stdout", b"1\n"), ("stderr", b"2\n"), ("stdout", b"['-c', 'x']\n")]
    assert read["exit_status"] == 3
    assert read["duration_seconds"] >= 0
    seen = client.ask("get_job_status", job_id=job)["result"]
    assert (seen["status"], seen["title"], seen["exit_status"]) == ("failed", "execute t.py", 3)


def test_output_comes_while_the_code_runs(three: list[Client], gate: Gate) -> None:
    job = run_program(three[0], f"print('first')\n{HOLD}\nprint('second')")
    gate.wait_started()
    read = three[0].ask("job_output", job_id=job, offset=0, wait_seconds=SECONDS)["result"]
    assert read["chunks"] == [["stdout", base64.b64encode(b"first\n").decode()]]
    assert (read["status"], read["terminal"], read["exit_status"]) == ("running", False, None)
    assert read["duration_seconds"] is None
    three[1].send(
        {
            "type": "job_output",
            "params": {"job_id": job, "offset": read["offset"], "wait_seconds": 30},
        }
    )
    gate.go.set()
    assert three[1].receive()["result"]["chunks"] == [
        ["stdout", base64.b64encode(b"second\n").decode()]
    ]


def test_the_main_thread_may_be_busy_in_python(three: list[Client], gate: Gate) -> None:
    job = run_program(three[0], f"print('x')\n{LOOP}")
    gate.wait_started()
    assert three[1].ask("job_output", job_id=job, offset=0)["result"]["chunks"]
    active = three[1].ask("get_active_item")["result"]["active_item"]
    assert active.pop("started_at") <= time.time()
    assert active == {
        "kind": "user_job",
        "item_id": job,
        "job_id": job,
        "operation_id": None,
        "command_type": None,
    }
    cancelled = three[1].ask("cancel_job", job_id=job, reason="enough")["result"]
    assert cancelled["cancel_requested"] is True
    result = ended(three[1], job)
    assert (result["status"], result["exit_status"]) == ("cancelled", 130)
    assert result["metadata"]["cancel_reason"] == "enough"


def test_a_waiting_job_that_is_cancelled_never_begins(three: list[Client], gate: Gate) -> None:
    first, second = submit(three[0], HOLD), submit(three[0], "import gate; gate.ran.append(1)")
    gate.wait_started()
    queue = three[1].ask("get_queue_status")["result"]
    assert queue["queued_user_job_ids"] == [second]
    assert queue["active_item"]["job_id"] == first
    assert three[1].ask("get_job_status", job_id=second)["result"]["queue_position"] == 1
    assert three[1].ask("cancel_job", job_id=second)["result"]["status"] == "cancelled"
    read, chunks = read_all(three[1], second)
    assert (read["exit_status"], chunks) == (None, [])
    gate.go.set()
    assert ended(three[0], first)["status"] == "completed"
    assert gate.ran == []


def test_code_that_asks_whether_it_was_cancelled(three: list[Client], gate: Gate) -> None:
    code = (
        "import gate\ngate.started.set()\nassert ctx is job_context is __bld_remote_job_context\n"
        "gate.ran.append(ctx.job_id)\n"
        "try:\n    while not ctx.cancel_requested: pass\n    while True: pass\n"
        "except KeyboardInterrupt:\n    check_cancelled()"
    )
    job = submit(three[0], code)
    gate.wait_started()
    three[1].ask("cancel_job", job_id=job)
    assert ended(three[1], job)["status"] == "cancelled"
    assert gate.ran == [job]


def test_a_program_has_no_such_helpers(client: Client) -> None:
    job = run_program(client, "print([n for n in ('ctx', 'check_cancelled') if n in globals()])")
    assert read_all(client, job)[1] == [("stdout", b"[]\n")]


def test_a_job_is_interrupted_after_its_time(client: Client) -> None:
    job = run_program(client, "print('on', flush=True)\nwhile True: pass", job_timeout_seconds=0.1)
    read, chunks = read_all(client, job)
    assert (read["status"], read["exit_status"]) == ("timed_out", 130)
    assert chunks[0] == ("stdout", b"on\n")
    assert client.ask("get_job_status", job_id=job)["result"]["error"] == f"Job {job} timed out"


def test_a_long_time_limit_is_kept_as_it_is(client: Client) -> None:
    job = submit(client, "pass", job_timeout_seconds=90_000)
    assert ended(client, job)["job_timeout_seconds"] == 90_000


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (json, ("dumps", "JSONEncoder")),
        (time, ("monotonic", "time", "perf_counter")),
        (traceback, ("format_exception", "print_exc")),
    ],
    ids=["json", "time", "traceback"],
)
def test_modules_that_code_has_spoilt(
    client: Client, module: ModuleType, names: tuple[str, ...]
) -> None:
    before = {name: getattr(module, name) for name in names}
    spoil = "".join(f"m.{name} = None\n" for name in names)
    code = f"import {module.__name__} as m\n{spoil}print(m)\n1 / 0"
    requests = [
        json.dumps({"type": kind, "params": {"code": code, "wait_timeout_seconds": wait}}).encode()
        for kind in ("execute_code", "status")
        for wait in (None, SECONDS)
    ]
    answers = []
    try:
        for request in requests:
            client.socket.sendall(request)
            answers.append(client.receive())
    finally:
        for name, value in before.items():
            setattr(module, name, value)
    for answer in answers[:2]:
        assert answer["message"] == "Code execution error: division by zero"
        assert "ZeroDivisionError" in answer["traceback"]
    assert [answer["status"] for answer in answers[2:]] == ["success"] * 2


@pytest.mark.parametrize(
    "raised", ["SystemExit(1)", "KeyboardInterrupt()", "RecursionError()", "OSError()", "self"]
)
def test_exceptions_whose_text_raises(client: Client, raised: str) -> None:
    code = (
        "class Odd(BaseException):\n"
        f"    def __str__(self): raise {raised}\n"
        "    __repr__ = __str__\n"
        "raise Odd"
    )
    answer = client.run(code)
    assert (answer["status"], answer["exception"]) == ("error", "Odd")
    job = submit(client, code)
    assert ended(client, job)["status"] == "failed"
    job = run_program(client, code)
    assert read_all(client, job)[0]["exit_status"] == 1
    job = run_program(client, code.replace("raise Odd", "raise SystemExit(Odd())"))
    assert read_all(client, job)[0]["exit_status"] == 1
    assert client.ask("status")["result"]["busy"] is False
