"""Whatever is killed, wiped or stopped: each job's effect is there exactly once, within two minutes."""

import shutil
import time
from collections import Counter

import pytest
import sqlalchemy as sa

from courseplatform.db import postgresql_url
from courseplatform.jobs import OutboxJob
from tests.functional import proof_jobs
from tests.functional.proof import PAUSE_S, POINTS
from tests.functional.workshop import MANY, Workshop, kill, opened

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")


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
    if killed == "both":
        workshop.end_leases()
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
    workshop.go_on()
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
    workshop.end_leases()  # nothing could be recorded
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
