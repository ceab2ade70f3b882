"""The queue for the main thread."""

import pytest
from bld_remote_mcp import jobs
from bld_remote_mcp.answers import CommandError
from bld_remote_mcp.jobs import Job, JobQueue


def test_in_order_but_urgent_first() -> None:
    queue, ran = JobQueue(), []
    for name in "ab":
        queue.submit(Job(lambda name=name: ran.append(name)))
    queue.submit(Job(lambda: ran.append("urgent")), urgent=True)
    while queue.run_next():
        pass
    assert ran == ["urgent", "a", "b"]


def test_results_and_errors() -> None:
    queue = JobQueue()
    good, bad = Job(lambda: 5), Job(lambda: 1 // 0)
    for job in (good, bad):
        queue.submit(job)
        assert not job.wait(0)
        assert queue.run_next()
        assert job.wait(0)
    assert good.take() == 5
    with pytest.raises(ZeroDivisionError):
        bad.take()
    assert queue.running_seconds is None


def test_a_withdrawn_job_never_runs() -> None:
    queue, ran = JobQueue(), []
    job = Job(lambda: ran.append(1))
    queue.submit(job)
    assert queue.withdraw(job)
    assert not queue.withdraw(job)
    assert not queue.run_next()
    assert ran == []


def test_a_refusing_queue() -> None:
    queue = JobQueue()
    job = Job(lambda: None)
    queue.submit(job)
    queue.refuse("closed")
    with pytest.raises(CommandError, match="closed"):
        job.take()
    with pytest.raises(CommandError, match="closed"):
        queue.submit(Job(lambda: None))
    assert queue.queued == 0


def test_a_job_can_not_run_the_next_one() -> None:
    queue = JobQueue()
    outer = Job(queue.run_next)
    inner = Job(lambda: None)
    queue.submit(outer)
    queue.submit(inner)
    assert queue.run_next()
    assert outer.take() is False
    assert not inner.wait(0)


def test_the_main_thread_is_woken_for_each_job() -> None:
    queue, woken = JobQueue(), []
    queue.wake_main_thread = lambda: woken.append(queue.queued)
    queue.submit(Job(lambda: None))
    queue.submit(Job(lambda: None))
    assert woken == [1, 2]


def test_what_strikes_beside_a_job_leaves_the_queue_working(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a signal handler of the user's does, which may raise at any instruction."""

    def strike() -> float:
        raise ValueError("struck")

    queue, struck, next_one = JobQueue(), Job(lambda: 1), Job(lambda: 2)
    queue.submit(struck)
    queue.submit(next_one)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "clock", strike)
        with pytest.raises(ValueError, match="struck"):
            queue.run_next()
    assert struck.wait(0)
    with pytest.raises(CommandError, match="interrupted"):
        struck.take()
    assert queue.run_next()
    assert next_one.take() == 2
