"""The requests about jobs: what they take, what they list, and what is said of running ones."""

import time

import pytest
from bld_remote_mcp import code_jobs
from job_client import HOLD, LOOP, PROGRAM, ended, read_all, run_program, submit
from wire import SECONDS, Client, Gate, wait_until


class TestExecuteCodeAsAJob:
    def test_it_ends_in_time(self, client: Client) -> None:
        result = client.run("print(1)", wait_timeout_seconds=SECONDS)["result"]
        assert (result["job_id"], result["result"]) == ("bld-job-1", "1\n")

    def test_it_fails(self, client: Client) -> None:
        answer = client.run("1 / 0", wait_timeout_seconds=SECONDS)
        assert answer["message"] == "Code execution error: division by zero"
        assert answer["job_id"] == "bld-job-1"

    def test_it_goes_on_when_its_client_waits_no_longer(
        self, three: list[Client], gate: Gate
    ) -> None:
        result = three[0].run(HOLD, wait_timeout_seconds=0.05, detach_on_wait_timeout=True)
        assert result["result"]["status"] == "waiting"
        job = result["result"]["job_id"]
        gate.go.set()
        assert ended(three[0], job)["status"] == "completed"

    def test_it_is_cancelled_when_its_client_waits_no_longer(
        self, client: Client, gate: Gate
    ) -> None:
        result = client.run(LOOP, wait_timeout_seconds=0.05)["result"]
        assert (result["executed"], result["status"]) == (False, "cancelled")
        assert result["metadata"]["cancel_reason"] == "wait timeout"

    def test_one_time_limit_stands_for_both(self, client: Client, gate: Gate) -> None:
        result = client.run(LOOP, detach_on_wait_timeout=False, _timeout_seconds=0.05)["result"]
        assert result["executed"] is False
        seen = client.ask("get_job_status", job_id=result["job_id"])["result"]
        assert seen["job_timeout_seconds"] == 0.05

    def test_without_these_it_is_no_job(self, client: Client) -> None:
        client.run("pass")
        assert client.ask("list_jobs")["result"]["jobs"] == []


class TestList:
    def test_what_it_filters(self, three: list[Client], gate: Gate) -> None:
        done = submit(three[0], "print(7)")
        ended(three[0], done)
        running = submit(three[0], HOLD)
        gate.wait_started()

        def names(**params: object) -> list[str]:
            answer = three[1].ask("list_jobs", **params)["result"]
            assert answer["count"] == len(answer["jobs"])
            return [job["job_id"] for job in answer["jobs"]]

        assert names() == [done, running]
        assert names(include_terminal=False) == [running]
        assert names(status="completed") == [done]
        assert names(limit=1) == [done]
        job = three[1].ask("list_jobs", include_result=True)["result"]["jobs"][0]
        assert job["result"]["result"] == "7\n"
        gate.go.set()

    def test_the_oldest_records_go(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(code_jobs, "KEPT_RECORDS", 3)
        jobs = [submit(client, "pass") for _ in range(5)]
        ended(client, jobs[-1])
        listed = client.ask("list_jobs")["result"]["jobs"]
        assert [job["job_id"] for job in listed] == jobs[-3:]
        assert client.ask("job_output", job_id=jobs[0])["result"] == {
            "found": False,
            "job_id": jobs[0],
        }

    def test_the_oldest_output_goes(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(code_jobs, "KEPT_OUTPUT", 2500)
        jobs = [submit(client, "print('x' * 999)") for _ in range(3)]
        ended(client, jobs[-1])
        read = client.ask("job_output", job_id=jobs[0], offset=0)["result"]
        assert (read["chunks"], read["begins_at"]) == ([], {"stdout": 1000, "stderr": 0})
        assert read_all(client, jobs[1])[1] == [("stdout", b"x" * 999 + b"\n")]


def test_too_many_waiting_jobs_are_refused(
    three: list[Client], gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_jobs, "QUEUED_LIMIT", 2)
    submit(three[0], HOLD)
    gate.wait_started()
    for _ in range(2):
        submit(three[0], "pass")
    answer = three[0].ask("submit_code_job", code="pass")
    assert answer["error_code"] == "queue_capacity_exceeded"
    gate.go.set()


@pytest.mark.parametrize("kind", ["get_job_status", "get_job_result", "cancel_job", "job_output"])
def test_an_unknown_job(client: Client, kind: str) -> None:
    result = client.ask(kind, job_id="bld-job-99")["result"]
    assert result["found"] is False
    assert result["job_id"] == "bld-job-99"


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        ("get_job_status", {}, "job_id parameter is required"),
        ("cancel_job", {"job_id": 5}, "job_id must be a string, not int"),
        ("job_output", {"job_id": "x", "offset": -1}, "offset must be between 0 and"),
        ("job_output", {"job_id": "x", "offset": "0"}, "offset must be a finite number"),
        (
            "job_output",
            {"job_id": "x", "wait_seconds": 31},
            "must be between 0 and 30, not 31",
        ),
        (
            "job_output",
            {"job_id": "x", "wait_seconds": True},
            "must be a finite number, not True",
        ),
        ("list_jobs", {"status": "odd"}, "Unknown job status: odd"),
        ("list_jobs", {"limit": []}, "limit must be a finite number"),
        ("submit_code_job", {}, "No code provided"),
        ("submit_code_job", {"code": 5}, "code must be a string, not int"),
        ("submit_code_job", {"code": "?", "code_is_base64": True}, "Failed to decode base64 code"),
        (
            "submit_code_job",
            {"code": "x", "job_timeout_seconds": "1"},
            "must be a finite number",
        ),
        ("submit_code_job", {"code": "x", "title": 1}, "title must be a string, not int"),
        ("submit_code_job", {"code": "x", "program": 1}, "program must be an object"),
        (
            "submit_code_job",
            {"code": "x", "program": {"name": "a"}},
            "program needs name",
        ),
        (
            "submit_code_job",
            {"code": "x", "program": {**PROGRAM, "argv": [1]}},
            "program needs argv, a list of strings",
        ),
        (
            "submit_code_job",
            {"code": "x", "program": {**PROGRAM, "name": "a\0b"}},
            "program has a null character",
        ),
        ("hello", {"client": 5}, "client must be a string, not int"),
    ],
)
def test_wrong_parameters(client: Client, kind: str, params: dict, message: str) -> None:
    answer = client.ask(kind, **params)
    assert answer["status"] == "error"
    assert message in answer["message"]
    assert client.ask("list_jobs")["result"]["count"] == 0


def test_status_names_what_runs_and_for_whom(three: list[Client], gate: Gate) -> None:
    three[0].ask("hello", client="somebody\x1b at a desk" + "x" * 300)
    job = run_program(three[0], HOLD, title="execute t.py")
    gate.wait_started()
    running = three[1].ask("status")["result"]["running"]
    assert running.pop("since") <= time.time()
    assert running.pop("seconds") >= 0
    assert running.pop("client").startswith("somebody  at a deskxxx")
    assert running == {"kind": "job", "job_id": job, "title": "execute t.py"}
    gate.go.set()


def test_a_request_is_named_with_its_clients_address(three: list[Client], gate: Gate) -> None:
    three[0].send({"type": "execute_code", "params": {"code": HOLD}})
    gate.wait_started()
    running = three[1].ask("status")["result"]["running"]
    assert (running["kind"], running["job_id"]) == ("request", None)
    assert running["title"] == "execute_code"
    assert running["client"] == "{}:{}".format(*three[0].socket.getsockname())
    gate.go.set()


def test_a_stop_that_waits_says_for_what(three: list[Client], gate: Gate) -> None:
    three[0].ask("hello", client="somebody")
    run_program(three[0], HOLD, title="execute t.py")
    waiting = submit(three[0], "pass")
    gate.wait_started()
    three[1].ask("server_shutdown", quit=False)
    wait_until(lambda: three[1].ask("status")["result"]["stopping"])
    message = three[1].run("pass")["message"]
    assert message.startswith(
        "the service is shutting down as soon as 'execute t.py' of somebody, which has run for "
    )
    seen = three[1].ask("get_job_status", job_id=waiting)["result"]
    assert seen["status"] == "cancelled"
    assert "shutting down" in seen["error"]
    gate.go.set()
