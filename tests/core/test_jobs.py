"""Background jobs: promised in the transaction, done exactly once."""

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from courseplatform.jobs import (
    MAX_ATTEMPTS,
    OutboxJob,
    PeriodicRun,
    Runner,
    enqueue_periodic,
    purge_outbox,
    run_due_jobs,
    run_next,
    running,
)
from courseplatform.testing import Client, counted_statements

from . import sandbox_jobs


@pytest.fixture(autouse=True)
def calls() -> Iterator[list[Any]]:
    sandbox_jobs.CALLS.clear()
    yield sandbox_jobs.CALLS


def enqueue(client: Client, fn: Any, **arguments: Any) -> None:
    with client.script() as request:
        request.enqueue(fn, **arguments)


def outbox(client: Client) -> list[OutboxJob]:
    with client.script() as request:
        return list(request.db.scalars(select(OutboxJob).order_by(OutboxJob.id)))


def rows(client: Client) -> set[str]:
    with client.script() as request:
        return set(request.db.scalars(select(PeriodicRun.name)))


def test_a_job_is_promised_only_by_a_commit(committing_client: Client) -> None:
    with pytest.raises(ZeroDivisionError), committing_client.script() as request:
        request.enqueue(sandbox_jobs.write_row, name="never")
        request.db.flush()
        raise ZeroDivisionError
    assert outbox(committing_client) == []
    assert committing_client.run_jobs() == 0


def test_a_job_can_not_run_before_the_commit(committing_client: Client, calls: list[Any]) -> None:
    with committing_client.script() as request:
        request.enqueue(sandbox_jobs.write_row, name="later")
        request.db.flush()
        assert committing_client.run_jobs() == 0
    assert calls == []
    assert committing_client.run_jobs() == 1
    assert calls == ["later"]


def test_a_commit_wakes_the_runner_and_a_rollback_does_not(committing_client: Client) -> None:
    wake = committing_client.registry["jobs.wake"]
    wake.clear()
    with pytest.raises(ZeroDivisionError), committing_client.script() as request:
        request.enqueue(sandbox_jobs.tick)
        raise ZeroDivisionError
    assert not wake.is_set()
    enqueue(committing_client, sandbox_jobs.tick)
    assert wake.is_set()


def test_a_job_runs_once_and_leaves_its_mark(client: Client, calls: list[Any]) -> None:
    enqueue(client, sandbox_jobs.write_row, name="one")
    assert client.run_jobs() == 1
    assert client.run_jobs() == 0
    assert calls == ["one"]
    assert rows(client) == {"one"}
    (job,) = outbox(client)
    assert job.done_at is not None
    assert (job.attempts, job.arguments) == (1, {})


def test_two_runners_run_each_job_exactly_once(committing_client: Client, calls: list[Any]) -> None:
    names = [f"job {n}" for n in range(20)]
    with committing_client.script() as request:
        for name in names:
            request.enqueue(sandbox_jobs.write_row, name=name)
    registry = committing_client.registry
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: run_due_jobs(registry), range(4)))
    assert sorted(calls) == sorted(names)
    assert rows(committing_client) == set(names)
    assert all(job.done_at and job.attempts == 1 for job in outbox(committing_client))


def test_a_job_that_is_being_run_is_skipped_by_the_others(committing_client: Client, calls: list[Any]) -> None:
    enqueue(committing_client, sandbox_jobs.write_row, name="slow", pause_s=1)
    (job,) = outbox(committing_client)
    registry = committing_client.registry
    with ThreadPoolExecutor(1) as thread:
        begun = thread.submit(run_next, registry)
        while not calls:
            time.sleep(0.01)
        assert run_next(registry) is False
        assert running.run_job(registry, job.id) is False  # its lease aside: delivered again, to another
        assert begun.result() is True
    assert calls == ["slow"]
    assert [job.attempts for job in outbox(committing_client)] == [1]


def test_a_job_whose_row_another_holds_for_a_moment_while_looking_for_work_is_run(
    committing_client: Client, calls: list[Any]
) -> None:
    enqueue(committing_client, sandbox_jobs.write_row, name="looked at")
    registry = committing_client.registry
    begun = running.begin(registry, lambda now: OutboxJob.take_at <= now)
    assert begun is not None
    with registry["db.engine"].connect() as other, ThreadPoolExecutor(1) as thread:
        other.execute(select(OutboxJob.id).with_for_update())
        ran = thread.submit(running.run_begun, registry, *begun)
        time.sleep(0.03)
        other.rollback()
        ran.result()
    assert calls == ["looked at"]


def test_a_kill_that_comes_after_the_commit_is_no_failure(client: Client) -> None:
    enqueue(client, sandbox_jobs.tick)
    client.run_jobs()
    (job,) = outbox(client)
    running.record_failure(client.registry, job.id, "WorkHorseKilled")
    assert [(job.last_error, job.due_at) for job in outbox(client)] == [(None, job.due_at)]


def test_a_failed_job_leaves_nothing_but_the_class_of_its_error(client: Client) -> None:
    enqueue(client, sandbox_jobs.fail, name="half")
    assert client.run_jobs() == 1
    assert rows(client) == set()
    (job,) = outbox(client)
    assert job.last_error == "ZeroDivisionError"
    assert (job.attempts, job.done_at, job.dead_at) == (1, None, None)


def test_a_job_that_would_end_its_process_has_failed_like_any_other(client: Client) -> None:
    enqueue(client, sandbox_jobs.leave, name="half")
    assert client.run_jobs() == 1
    (job,) = outbox(client)
    assert (rows(client), job.last_error, job.done_at) == (set(), "SystemExit", None)


def test_a_failed_job_is_put_off_longer_and_longer_and_then_is_dead(client: Client) -> None:
    enqueue(client, sandbox_jobs.fail, name="half")
    waits = []
    for _ in range(MAX_ATTEMPTS):
        before = client.clock()
        assert client.run_jobs() == 1
        (job,) = outbox(client)
        waits.append((job.due_at - before).total_seconds())
        assert client.run_jobs() == 0
        client.clock.move(seconds=601)
    expected = [2, 4, 8, 16, 32, 64, 128, 256, 512, 600]
    assert all(wait <= waited < wait + 2 for wait, waited in zip(expected, waits, strict=True))
    assert job.dead_at is not None
    client.clock.move(days=1)
    assert client.run_jobs() == 0


def test_one_failing_job_does_not_hold_up_the_others(client: Client, calls: list[Any]) -> None:
    enqueue(client, sandbox_jobs.fail, name="half")
    enqueue(client, sandbox_jobs.write_row, name="whole")
    assert client.run_jobs() == 2
    assert calls == ["whole"]


def test_a_job_whose_process_is_killed_every_time_is_dead_too(client: Client, calls: list[Any]) -> None:
    enqueue(client, sandbox_jobs.write_row, name="deadly")
    for _ in range(MAX_ATTEMPTS):
        assert running.begin(client.registry, lambda now: OutboxJob.take_at <= now) is not None  # and then the kill
        assert client.run_jobs() == 0  # it has its time
        client.clock.move(seconds=running.LEASE_S + 1)
    assert client.run_jobs() == 1
    (job,) = outbox(client)
    assert (job.last_error, job.dead_at is not None, calls) == ("Killed", True, [])


def test_a_job_that_was_delivered_twice_runs_once_and_one_put_off_waits(client: Client, calls: list[Any]) -> None:
    enqueue(client, sandbox_jobs.write_row, name="one")
    enqueue(client, sandbox_jobs.fail, name="two")
    one, two = (job.id for job in outbox(client))
    for _ in range(2):
        running.run_job(client.registry, one)
    assert calls == ["one"]
    running.run_job(client.registry, two)
    client.clock.move(seconds=-running.CLOCK_SKEW_S)
    assert running.run_job(client.registry, two) is False
    assert [job.attempts for job in outbox(client)] == [1, 1]


def test_of_two_who_begin_a_job_the_later_one_runs_it(client: Client, calls: list[Any]) -> None:
    enqueue(client, sandbox_jobs.write_row, name="one")
    (job,) = outbox(client)
    first = running.begin(client.registry, lambda now: OutboxJob.id == job.id)
    second = running.begin(client.registry, lambda now: OutboxJob.id == job.id)
    assert first == (job.id, 1) and second == (job.id, 2)
    running.run_begun(client.registry, *first)
    assert calls == []
    running.run_begun(client.registry, *second)
    assert calls == ["one"]


def test_a_delayed_job_waits(client: Client) -> None:
    with client.script() as request:
        request.enqueue(sandbox_jobs.tick, delay_s=60)
    assert client.run_jobs() == 0
    client.clock.move(seconds=61)
    assert client.run_jobs() == 1


def test_only_registered_functions_can_be_enqueued(client: Client) -> None:
    from .sandbox import note

    for fn in (note, sandbox_jobs._private, time.sleep):
        with pytest.raises(LookupError, match="not a registered job"):
            enqueue(client, fn)


def test_only_registered_functions_run_whatever_the_outbox_says(client: Client) -> None:
    with client.script() as request:
        for name in ("os.system", "tests.core.sandbox_jobs._private", "tests.core.sandbox_jobs.datetime"):
            now = request.now
            request.db.add(OutboxJob(name=name, arguments={"command": "true"}, created_at=now, due_at=now))
    assert client.run_jobs() == 3
    assert {job.last_error for job in outbox(client)} == {"KeyError"}


def test_arguments_arrive_as_what_they_were(client: Client, calls: list[Any]) -> None:
    user_id, sent_at = uuid4(), datetime(2030, 1, 2, 3, 4, 5, 6, UTC)
    enqueue(client, sandbox_jobs.take, user_id=user_id, sent_at=sent_at, count=3, is_last=True)
    enqueue(client, sandbox_jobs.take, user_id=None, sent_at=sent_at, count=0, is_last=False)
    client.run_jobs()
    assert calls == [(user_id, sent_at, 3, True), (None, sent_at, 0, False)]


@pytest.mark.parametrize("value", [[1], {"a": 1}, 1.5, object(), b"x"])
def test_an_argument_is_a_scalar(client: Client, value: Any) -> None:
    with pytest.raises(TypeError, match="a job argument is a scalar"):
        enqueue(client, sandbox_jobs.write_row, name=value)


@pytest.fixture
def ticking(sandbox_app: Any) -> Iterator[None]:
    """``tick`` as the only periodic job, every minute."""
    before = sandbox_app.registry["jobs.periodic"]
    sandbox_app.registry["jobs.periodic"] = [(sandbox_jobs.tick, 60)]
    yield
    sandbox_app.registry["jobs.periodic"] = before


def test_a_periodic_job_is_enqueued_once_however_many_runners_look(committing_client: Client, ticking: None) -> None:
    registry = committing_client.registry
    for expected in (1, 2):
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: enqueue_periodic(registry), range(8)))
        assert len(outbox(committing_client)) == expected
        registry["clock"].move(seconds=61)
    registry["clock"].offset *= 0


def test_a_periodic_job_costs_a_statement_until_its_time_has_come(client: Client, ticking: None) -> None:
    enqueue_periodic(client.registry)
    assert client.run_jobs() == 1
    with counted_statements(client.registry) as statements:
        enqueue_periodic(client.registry)
    assert len(statements) == 1


def test_a_periodic_job_outlives_a_clock_that_was_far_ahead(client: Client, ticking: None) -> None:
    for days in (1000, -1000):
        client.clock.move(days=days)
        enqueue_periodic(client.registry)
        assert client.run_jobs() == 1
    client.clock.move(seconds=-running.CLOCK_SKEW_S + 1)  # two machines are never quite at one
    enqueue_periodic(client.registry)
    assert client.run_jobs() == 0


def test_a_runner_does_what_commits_ask_for_and_stops(
    committing_client: Client, ticking: None, calls: list[Any]
) -> None:
    runner = Runner(committing_client.registry)
    runner.start()
    enqueue(committing_client, sandbox_jobs.write_row, name="asked")
    deadline = time.monotonic() + 5
    while {"tick", "asked"} - set(calls) and time.monotonic() < deadline:
        time.sleep(0.01)
    runner.stop()
    assert not runner.is_alive()
    assert sorted(calls) == ["asked", "tick"]


def test_a_runner_that_is_stopped_finishes_the_job_at_hand_and_begins_no_other(
    committing_client: Client, ticking: None, calls: list[Any]
) -> None:
    for name in ("at hand", "next"):
        enqueue(committing_client, sandbox_jobs.write_row, name=name, pause_s=1)
    runner = Runner(committing_client.registry)
    runner.start()
    while "at hand" not in calls:
        time.sleep(0.01)
    runner.stop()
    assert not runner.is_alive()
    assert "next" not in calls
    assert [job.arguments.get("name") for job in outbox(committing_client) if job.done_at is None] in (
        ["next"], ["next", None],
    )  # fmt: skip


def test_a_runner_outlives_whatever_goes_wrong(
    committing_client: Client, monkeypatch: pytest.MonkeyPatch, calls: list[Any]
) -> None:
    failures = [ValueError("unheard of"), LookupError("not registered")]
    failed = threading.Event()

    def fail_twice(registry: Any) -> None:
        if failures:
            registry["jobs.wake"].set()
            raise failures.pop()
        failed.set()

    monkeypatch.setattr(sys.modules["courseplatform.jobs.thread"], "enqueue_periodic", fail_twice)
    runner = Runner(committing_client.registry)
    runner.start()
    assert failed.wait(5)
    assert runner.is_alive()
    runner.stop()


def test_done_jobs_are_forgotten_after_a_week_and_dead_ones_are_not(client: Client) -> None:
    with client.script() as request:
        for name, done_at, dead_at in (("done", request.now, None), ("dead", None, request.now)):
            times = {"created_at": request.now, "due_at": request.now, "done_at": done_at, "dead_at": dead_at}
            request.db.add(OutboxJob(name=name, arguments={}, **times))
    for days, left in ((6, {"done", "dead"}), (2, {"dead"})):
        client.clock.move(days=days)
        with client.script() as request:
            purge_outbox(request)
            assert set(request.db.scalars(select(OutboxJob.name))) == left


def test_done_jobs_are_forgotten_some_at_a_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["courseplatform.jobs.outbox"], "PURGE_CHUNK", 2)
    for _ in range(5):
        enqueue(client, sandbox_jobs.tick)
    client.run_jobs()
    client.clock.move(days=8)
    with client.script() as request:
        purge_outbox(request)
    assert len(outbox(client)) == 4  # three of them, and the next purge
    assert client.run_jobs() == 2
    assert {job.name for job in outbox(client)} == {"courseplatform.jobs.outbox.purge_outbox"}
