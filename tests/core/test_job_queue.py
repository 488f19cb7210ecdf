"""The way through Redis: who pushes what, and what happens while Redis is away."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from limits import parse
from redis.exceptions import RedisError
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError

from courseplatform.jobs import OutboxJob, running
from courseplatform.jobs.figures import job_figures
from courseplatform.jobs.outbox import PUSH_GRACE_S
from courseplatform.jobs.queue import DEEP, PUSH_AGAIN_S, relay
from courseplatform.scheduler import Scheduler
from courseplatform.testing import Client, counted_statements, make_app, rolled_back
from tests.redis_server import RedisServer

from . import sandbox_jobs

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")


@pytest.fixture(scope="module")
def app(server: RedisServer, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    settings = {"redis.url": server.url, "jobs.in_process": "false", "courseplatform.plugins": "tests.core.sandbox"}
    var_dir: Path = tmp_path_factory.mktemp("queue")
    app = make_app(database_url, var_dir, **settings)
    yield app
    app.registry["db.engine"].dispose()


@pytest.fixture
def client(app: Any, server: RedisServer) -> Iterator[Client]:
    server.wipe()
    app.registry["redis"].away_until = 0
    with rolled_back(app) as (made, _):
        yield made


def queued(client: Client) -> list[str]:
    return client.registry["jobs.queue"].queue.job_ids


def promise(client: Client, *, delay_s: int = 0) -> str:
    with client.script() as request:
        request.enqueue(sandbox_jobs.tick, delay_s=delay_s)
    with client.script() as request:
        return str(request.db.scalars(select(OutboxJob.id).order_by(OutboxJob.id.desc())).first())


def test_a_commit_pushes_the_id_of_the_outbox_row_and_nothing_else_of_it(client: Client) -> None:
    job_id = promise(client)
    assert queued(client) == [job_id]
    job = client.registry["jobs.queue"].queue.fetch_job(job_id)
    assert (job.func_name, job.args, job.kwargs) == ("tests.core.sandbox_jobs.tick", [], {})


def test_a_rollback_pushes_nothing(client: Client) -> None:
    with pytest.raises(ZeroDivisionError), client.script() as request:
        request.enqueue(sandbox_jobs.tick)
        raise ZeroDivisionError
    assert queued(client) == []


def test_the_relay_leaves_a_new_job_to_who_promised_it_and_then_pushes_it_now_and_again(
    client: Client, server: RedisServer
) -> None:
    job_id = promise(client)
    server.wipe()
    assert relay(client.registry) == 0
    client.clock.move(seconds=PUSH_GRACE_S + 1)
    assert relay(client.registry) == 1
    assert queued(client) == [job_id]
    assert relay(client.registry) == 0
    client.clock.move(seconds=PUSH_AGAIN_S + 1)
    assert relay(client.registry) == 1


def test_the_relay_pushes_a_delayed_job_when_it_is_due(client: Client) -> None:
    job_id = promise(client, delay_s=60)
    assert (queued(client), relay(client.registry)) == ([], 0)
    client.clock.move(seconds=61)
    assert (relay(client.registry), queued(client)) == (1, [job_id])


def test_the_relay_pushes_nothing_that_is_done_dead_or_put_off(client: Client) -> None:
    with client.script() as request:
        for fn in (sandbox_jobs.write_row, sandbox_jobs.fail):
            request.enqueue(fn, name="x")
    with client.script() as request:
        for job_id in list(request.db.scalars(select(OutboxJob.id))):
            running.run_job(client.registry, job_id)
    assert relay(client.registry) == 0
    client.clock.move(seconds=3)
    assert relay(client.registry) == 1


def test_the_relay_pushes_what_it_has_committed_since_a_worker_leaves_alone_what_is_locked(
    client: Client, server: RedisServer
) -> None:
    job_id = promise(client)
    server.wipe()
    client.clock.move(seconds=PUSH_GRACE_S + 1)
    seen = []
    engine = client.registry["db.engine"]

    def note(*_: Any) -> None:
        seen.append(queued(client))

    event.listen(engine, "release_savepoint", note)  # as commits are, in a test that is rolled back
    try:
        assert relay(client.registry) == 1
    finally:
        event.remove(engine, "release_savepoint", note)
    assert (seen[-1], queued(client)) == ([], [job_id])


def test_while_a_queue_is_deep_the_relay_fills_only_the_other(client: Client, server: RedisServer) -> None:
    queue = client.registry["jobs.queue"]
    for fn in (sandbox_jobs.tick, sandbox_jobs.fail):
        with client.script() as request:
            request.enqueue(fn, **({"name": "late"} if fn is sandbox_jobs.fail else {}))
    queue.bulk = {"tests.core.sandbox_jobs.fail"}
    try:
        client.clock.move(seconds=PUSH_GRACE_S + 1)
        for deep, other in ((queue.queue, queue.bulk_queue), (queue.bulk_queue, queue.queue)):
            server.wipe()
            queue.connection.rpush(deep.key, *(str(uuid4()) for _ in range(DEEP)))
            assert (relay(client.registry), other.count, deep.count) == (1, 1, DEEP)
            client.clock.move(seconds=PUSH_AGAIN_S + 1)
        for full in (queue.queue, queue.bulk_queue):
            queue.connection.rpush(full.key, *(str(uuid4()) for _ in range(DEEP)))
        assert relay(client.registry) == 0
    finally:
        queue.bulk = client.registry["jobs.bulk"]


def test_a_failing_redis_costs_one_wait_and_the_relay_makes_up_for_it(client: Client, server: RedisServer) -> None:
    server.freeze()
    try:
        began = time.monotonic()
        job_ids = {promise(client) for _ in range(5)}
        assert time.monotonic() - began < 1.5
        client.clock.move(seconds=PUSH_GRACE_S + 1)
        with pytest.raises(RedisError):
            relay(client.registry)
    finally:
        server.thaw()
    server.wipe()
    assert relay(client.registry) == 5
    assert set(queued(client)) == job_ids


def test_who_has_waited_for_redis_to_count_does_not_wait_again_to_push(client: Client, server: RedisServer) -> None:
    server.freeze()
    try:
        began = time.monotonic()
        client.registry["limits"].hit("knock", parse("3/minute"), "a")
        promise(client)
        assert 0.9 < time.monotonic() - began < 1.5
    finally:
        server.thaw()


def test_while_redis_fails_only_one_at_a_time_tries_it_again(client: Client, server: RedisServer) -> None:
    queue = client.registry["jobs.queue"]

    def waited_s(_: int) -> float:
        began = time.monotonic()
        queue.offer([(uuid4(), "tests.core.sandbox_jobs.tick")])
        return time.monotonic() - began

    queue.redis.away_until = time.monotonic() - 1
    server.freeze()
    try:
        with ThreadPoolExecutor(4) as threads:
            assert sum(took_s > 0.5 for took_s in threads.map(waited_s, range(4))) == 1
    finally:
        server.thaw()
    queue.redis.away_until = time.monotonic() - 1
    waited_s(0)
    assert queue.redis.away_until == 0


def test_the_relay_takes_one_statement_however_many_jobs_are_done(client: Client) -> None:
    with counted_statements(client.registry) as statements:
        relay(client.registry)
    assert len(statements) == 1
    with client.script() as request:
        request.db.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = request.db.connection().exec_driver_sql("EXPLAIN " + statements[0], {
            "take_at_1": request.now, "param_1": 500, "take_at": request.now,
        })  # fmt: skip
        assert "ix__outbox__undone" in "\n".join(row[0] for row in plan)


def test_metrics_tell_how_many_wait_in_redis_unless_it_is_away(client: Client, server: RedisServer) -> None:
    def told() -> dict[str, float]:
        with client.script() as request:
            families = {family.name: family for family in job_figures(request)}
        waiting = families.get("courseplatform_queue_jobs")
        assert "courseplatform_job_lag_seconds" in families
        return {sample.labels["queue"]: sample.value for sample in waiting.samples} if waiting else {}

    promise(client)
    assert told() == {"courseplatform": 1, "courseplatform-bulk": 0}
    server.freeze()
    try:
        assert told() == {}
    finally:
        server.thaw()


def test_of_two_schedulers_one_works_until_it_is_gone(app: Any) -> None:
    first, second = Scheduler(app.registry), Scheduler(app.registry)
    engine = app.registry["db.engine"]
    with engine.connect() as one, engine.connect() as other:
        assert [first.has_turn(one), second.has_turn(other), first.has_turn(one)] == [True, False, True]
        one.commit()
        assert [second.has_turn(other), first.has_turn(one)] == [True, False]
        lost = other.scalar(text("SELECT pg_backend_pid()"))
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": lost})
        with pytest.raises(OperationalError):
            second.has_turn(other)
        assert first.has_turn(one)
        first.is_stopping.set()
        assert not first.has_turn(one)


def test_without_redis_the_settings_are_refused(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"redis\.url: is required where jobs\.in_process is false"):
        make_app(database_url, tmp_path, **{"jobs.in_process": "false"})
