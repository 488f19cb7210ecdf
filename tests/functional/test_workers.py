"""Workers and schedulers: how they end, what they believe, and the commands around them."""

import shutil
import signal
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest
import redis
import sqlalchemy as sa
from rq import Callback, Queue
from rq.serializers import DefaultSerializer, JSONSerializer

from courseplatform.db import script_request
from courseplatform.jobs import OutboxJob
from tests.functional import proof_jobs
from tests.functional.workshop import MANY, Workshop, kill

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")


def test_sigterm_finishes_the_job_at_hand(workshop: Workshop) -> None:
    pool = workshop.processes[0]
    workshop.pause_at(["running"])
    workshop.enqueue(proof_jobs.leave_effect, "at hand")
    for pid in (*workshop.paused(["running"])[0], pool.pid):  # systemd signals all processes of a service
        kill(pid, signal.SIGTERM)
    workshop.go_on()
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


def test_of_two_schedulers_one_works_and_the_other_takes_over(workshop: Workshop) -> None:
    frozen, standby = workshop.processes[1], workshop.start("scheduler")
    began, before = time.monotonic(), ticks(workshop)
    time.sleep(6)
    assert 1 <= ticks(workshop) - before <= (time.monotonic() - began) / 2 + 1  # every two seconds, not twice as often
    frozen.send_signal(signal.SIGSTOP)
    time.sleep(2)
    since = ticks(workshop)
    assert workshop.wait_until(lambda: ticks(workshop) > since) < 20
    frozen.send_signal(signal.SIGCONT)  # whatever it was at
    standby.kill()
    since = ticks(workshop)
    assert workshop.wait_until(lambda: ticks(workshop) > since) < 20
    workshop.enqueue(proof_jobs.leave_effect, *MANY)
    workshop.redis.wipe()  # only the relay knows of what was not taken yet
    workshop.wait_for_all(MANY)
