"""Whatever is killed, wiped or stopped: each job's effect is there exactly once, within two minutes."""

import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import redis
import sqlalchemy as sa
from rq import Callback, Queue
from rq.serializers import DefaultSerializer, JSONSerializer

from courseplatform import migrations
from courseplatform.db import postgresql_url, script_request
from courseplatform.jobs import OutboxJob
from courseplatform.testing import fresh_database
from tests.functional import proof_jobs
from tests.functional.proof import PAUSE_S, POINTS
from tests.functional.workshop import Workshop, kill

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")

MANY = [f"job {number}" for number in range(20)]


@contextmanager
def opened(server_url: str, *, is_bypassed: bool = False) -> Iterator[Workshop]:
    with fresh_database(server_url) as url, tempfile.TemporaryDirectory(prefix="workshop-") as folder:
        migrations.migrate(url)
        made = Workshop(Path(folder), url, is_bypassed=is_bypassed)
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="module")
def running(server_url: str) -> Iterator[Workshop]:
    """A workshop with a pool of five workers and a scheduler."""
    with opened(server_url) as made:
        made.start("worker", "--processes", "5")
        made.start("scheduler")
        yield made


@pytest.fixture
def workshop(running: Workshop) -> Workshop:
    """The same, with nothing left to do, and nothing done."""
    running.wait_until(lambda: not running.undone())
    with running.engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE proof_effects, outbox"))
    return running


@pytest.mark.parametrize("killed", ["work-horse", "worker", "both"])
def test_a_kill_at_any_point_of_a_job_loses_and_doubles_nothing(killed: str, workshop: Workshop) -> None:
    workshop.pause_at(POINTS)
    held_up = [f"held up {number}" for number in range(len(POINTS))]
    workshop.enqueue(proof_jobs.leave_effect, *held_up)
    for horse, worker in workshop.paused():
        if killed != "worker":
            kill(horse)
        if killed != "work-horse":
            kill(worker)
    workshop.enqueue(proof_jobs.leave_effect, *MANY)
    assert workshop.wait_until(lambda: set(MANY) <= set(workshop.effects())) < 30
    workshop.wait_for_all([*held_up, *MANY])


def test_the_same_kills_show_loss_or_doubles_where_the_outbox_is_bypassed(server_url: str) -> None:
    """Else the check above would be blind."""
    points = ("taken", "effected", "committed")
    with opened(server_url, is_bypassed=True) as workshop:
        workshop.start("worker", "--processes", "3")
        workshop.pause_at(points)
        names = [f"held up {number}" for number in range(len(points))]
        workshop.enqueue(proof_jobs.leave_effect, *names)
        for horse, _ in workshop.paused(points):
            kill(horse)
        time.sleep(2)
        assert workshop.effects() != Counter(names)


def test_a_wiped_redis_loses_nothing(workshop: Workshop) -> None:
    workshop.pause_at(["running"])
    workshop.enqueue(proof_jobs.leave_effect, "held up", *MANY)
    workshop.paused(["running"])
    workshop.redis.wipe()
    workshop.enqueue(proof_jobs.leave_effect, "after")
    workshop.redis.wipe()
    workshop.wait_for_all(["held up", *MANY, "after"])


def test_a_redis_that_is_away_for_a_while_loses_nothing_and_holds_up_nobody(workshop: Workshop) -> None:
    workshop.redis.kill()
    began = time.monotonic()
    for name in MANY:
        workshop.enqueue(proof_jobs.leave_effect, name)
    assert time.monotonic() - began < 3
    time.sleep(3)
    assert workshop.effects() == Counter()
    workshop.redis.start()
    workshop.wait_for_all(MANY)


def test_a_database_that_is_away_for_a_while_loses_and_doubles_nothing(workshop: Workshop, server_url: str) -> None:
    name = workshop.engine.url.database
    others = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
    workshop.pause_at(["taken", "running"])
    workshop.enqueue(proof_jobs.leave_effect, "taken", "running")
    workshop.paused(["taken", "running"])
    workshop.enqueue(proof_jobs.leave_effect, *MANY)
    server = sa.create_engine(postgresql_url(server_url), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        try:
            connection.execute(others, {"name": name})
            time.sleep(PAUSE_S + 1)
        finally:
            connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    server.dispose()
    workshop.engine.dispose()
    with workshop.engine.begin() as connection:  # nothing could be recorded: spare us the half minute of their lease
        connection.execute(sa.text("UPDATE outbox SET take_at = now() WHERE done_at IS NULL"))
    workshop.wait_for_all(["taken", "running", *MANY])


def test_jobs_that_go_wrong_are_put_off_and_hold_up_nobody(workshop: Workshop) -> None:
    wrong = {
        proof_jobs.fail: "ZeroDivisionError",
        proof_jobs.die: "WorkHorseKilled",
        proof_jobs.run_for_ever: "JobTimeoutException",
        proof_jobs.eat_memory: "MemoryError",
    }
    for fn in wrong:
        workshop.enqueue(fn, fn.__name__)
    workshop.enqueue(proof_jobs.leave_effect, *MANY)
    assert workshop.wait_until(lambda: workshop.effects() == Counter(MANY)) < 20

    def errors() -> dict[str, str | None]:
        return {job.name.rpartition(".")[2]: job.last_error for job in workshop.undone()}

    workshop.wait_until(lambda: errors() == {fn.__name__: error for fn, error in wrong.items()})
    assert workshop.effects() == Counter(MANY)
    with workshop.engine.begin() as connection:  # they had all their attempts: the next one is not made
        had_all = "UPDATE outbox SET attempts = 10, due_at = now(), take_at = now() WHERE done_at IS NULL"
        connection.execute(sa.text(had_all))
    workshop.wait_until(lambda: not workshop.undone())
    assert len(workshop.jobs(OutboxJob.dead_at.is_not(None))) == len(wrong)


def test_what_comes_in_bulk_waits_behind_what_does_not(workshop: Workshop) -> None:
    workshop.enqueue(proof_jobs.leave_late_effect, *(f"mail {number}" for number in range(40)))
    workshop.enqueue(proof_jobs.leave_effect, *MANY)
    workshop.wait_until(lambda: set(MANY) <= set(workshop.effects()))
    assert len(workshop.effects()) < 40 + len(MANY)
    workshop.wait_until(lambda: not workshop.undone())
    assert len(workshop.effects()) == 40 + len(MANY)


def test_sigterm_finishes_the_job_at_hand(workshop: Workshop) -> None:
    pool = workshop.processes[0]
    workshop.pause_at(["running"])
    workshop.enqueue(proof_jobs.leave_effect, "at hand")
    for pid in (*workshop.paused(["running"])[0], pool.pid):  # systemd signals all processes of a service
        kill(pid, signal.SIGTERM)
    assert pool.wait(20) == 0
    assert workshop.effects() == Counter(["at hand"])
    (job,) = (job for job in workshop.jobs() if job.name.endswith(".leave_effect"))
    assert job.attempts == 1
    workshop.processes[0] = workshop.start("worker", "--processes", "5")


def test_workers_whose_pool_was_killed_end_and_a_new_pool_goes_on(workshop: Workshop) -> None:
    workshop.pause_at(["running"])
    workshop.enqueue(proof_jobs.leave_effect, "held up")
    ((_, worker),) = workshop.paused(["running"])
    workshop.processes[0].kill()
    workshop.processes[0].wait()
    workshop.wait_until(lambda: not Path(f"/proc/{worker}").exists())
    workshop.processes[0] = workshop.start("worker", "--processes", "5")
    workshop.enqueue(proof_jobs.leave_effect, *MANY)
    workshop.wait_for_all(["held up", *MANY])


def test_what_others_put_into_redis_runs_nothing(workshop: Workshop) -> None:
    target = workshop.folder / "broken-in"
    connection = redis.Redis.from_url(workshop.redis.url)
    for serializer in (JSONSerializer, DefaultSerializer):
        queue = Queue("courseplatform", connection=connection, serializer=serializer)
        for job_id in (None, "0" * 32, str(uuid4())):
            queue.enqueue_call("os.system", (f"touch {target}",), job_id=job_id)
        queue.enqueue_call(
            "os.getcwd",
            job_id=str(uuid4()),
            on_success=Callback("tests.functional.proof_jobs.break_in"),
            on_failure=Callback("tests.functional.proof_jobs.break_in"),
        )
    workshop.enqueue(proof_jobs.leave_effect, *MANY)
    workshop.wait_for_all(MANY)
    workshop.wait_until(lambda: connection.llen("rq:queue:courseplatform") == 0)
    assert not target.exists()


def test_dead_jobs_are_listed_tried_again_and_forgotten_by_command(workshop: Workshop) -> None:
    names = ["one", "two", "three"]
    with script_request(workshop.registry) as request:
        for name in names:
            job = OutboxJob(name="tests.functional.proof_jobs.leave_effect", arguments={"name": name}, attempts=10)
            job.created_at = job.due_at = job.dead_at = request.now
            job.last_error = "TimeoutError"
            request.db.add(job)
    listed = workshop.command("jobs", "list", workshop.ini)
    assert "3 dead" in listed
    assert listed.count("10 attempts  tests.functional.proof_jobs.leave_effect  TimeoutError") == 3
    one = next(job for job in workshop.jobs() if job.arguments["name"] == "one")
    assert "1 jobs will be tried again" in workshop.command("jobs", "retry", workshop.ini, "--id", str(one.id))
    workshop.wait_for_all(["one"])
    assert "0 jobs are forgotten" in workshop.command("jobs", "purge", workshop.ini, "--yes", "--name", "other")
    assert "2 jobs are forgotten" in workshop.command("jobs", "purge", workshop.ini, "--yes")
    assert "0 dead" in workshop.command("jobs", "list", workshop.ini)


def test_rqs_own_tools_see_queue_and_workers(workshop: Workshop) -> None:
    workshop.redis.wipe()

    def told() -> str:
        return workshop.command("info", "--url", workshop.redis.url, program="rq")

    workshop.enqueue(proof_jobs.leave_effect, *MANY)
    workshop.wait_until(lambda: "5 workers, " in told())
    assert "courseplatform | " in told()


def ticks(workshop: Workshop) -> int:
    with workshop.engine.connect() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM proof_effects WHERE name = 'tick'")) or 0


def test_of_two_schedulers_one_leads_and_the_other_takes_over(workshop: Workshop) -> None:
    leader, standby = workshop.processes[1], workshop.start("scheduler")
    began, before = time.monotonic(), ticks(workshop)
    time.sleep(6)
    assert 1 <= ticks(workshop) - before <= (time.monotonic() - began) / 2 + 1  # every two seconds, not twice as often
    leader.send_signal(signal.SIGSTOP)
    time.sleep(2)
    since = ticks(workshop)
    assert workshop.wait_until(lambda: ticks(workshop) > since) < 20
    leader.send_signal(signal.SIGCONT)  # it finds that it leads no more
    standby.kill()
    since = ticks(workshop)
    assert workshop.wait_until(lambda: ticks(workshop) > since) < 20
    workshop.enqueue(proof_jobs.leave_effect, *MANY)
    workshop.redis.wipe()  # only the relay knows of what was not taken yet
    workshop.wait_for_all(MANY)
