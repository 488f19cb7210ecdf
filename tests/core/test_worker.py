"""Workers: what they believe of Redis, and how their processes are told apart."""

import os
import resource
import shutil
import signal
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from pyramid.registry import Registry
from redis import Redis
from rq.job import JobStatus
from rq.serializers import JSONSerializer
from rq.worker_pool import WorkerData

from courseplatform.worker import JobWorkerPool, QueuedJob, limit_memory, work
from tests.redis_server import RedisServer

REGISTRY: Any = SimpleNamespace(settings={"jobs.time_limit_s": 7})


def in_a_child(do: Callable[[], object]) -> int:
    """The exit code of a forked process that does it."""
    pid = os.fork()
    if pid == 0:
        code = 4
        try:
            do()
            code = 0
        except SystemExit:
            code = 3
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_worker_believes_nothing_of_a_record_but_three_words() -> None:
    job_class: Any = type("Job", (QueuedJob,), {"registry": REGISTRY})
    bomb = zlib.compress(b"0" * 10_000_000)
    for status, believed in ((b"started", JobStatus.STARTED), (b"\xff", JobStatus.CREATED)):
        job = job_class("0" * 32, connection=Redis(), serializer=JSONSerializer)
        job.restore({
            b"data": bomb, b"origin": b"courseplatform", b"description": b"a job", b"status": status,
            b"created_at": b"never", b"timeout": b"-1", b"result_ttl": b"x", b"meta": bomb, b"\xff": b"",
            b"success_callback_name": b"os.getcwd", b"webhooks": b"[{}]", b"worker_name": b"\xff",
        })  # fmt: skip
        assert (job.func_name, job.args, job.timeout, job.result_ttl) == ("a job", [], 7, 0)
        assert len(job.data) < 100
        assert (job.get_status(refresh=False), job.success_callback, job.webhooks) == (believed, None, [])


def test_a_memory_limit_beyond_the_machines_own_is_that() -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (2**32, 2**32))
        limit_memory(2**33)
        limit_memory(2**31)

    assert in_a_child(limited) == 0


def test_a_worker_that_finds_no_redis_says_so_and_leaves_the_next_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("courseplatform.worker.PATIENCE_S", 0.5)
    engine = sa.create_engine("postgresql+psycopg2://nowhere")
    registry = Registry("worker")
    registry["db.engine"], registry.settings = engine, {"redis.url": "redis://127.0.0.1:1/0", "jobs.time_limit_s": 7}
    began = time.monotonic()
    assert in_a_child(lambda: work(registry, "early")) == 0
    assert time.monotonic() - began >= 0.5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    folder: Path = tmp_path_factory.mktemp("redis")
    made = RedisServer(folder)
    made.start()
    yield made
    made.kill()


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")
def test_a_worker_that_is_stopped_before_it_is_one_ends_alone(server: RedisServer) -> None:
    registry: Any = SimpleNamespace(settings={"redis.url": server.url})
    pool = JobWorkerPool(registry, 2)
    # Whoever starts the tests in the background has SIGINT ignored, and that is inherited.
    sibling = subprocess.Popen(["sleep", "60"], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        pool.worker_dict["sibling"] = WorkerData("sibling", sibling.pid, None)  # type: ignore[arg-type]
        assert in_a_child(lambda: pool.request_stop(signal.SIGINT, None)) == 3
        assert sibling.poll() is None
        pool.request_stop(signal.SIGINT, None)
        assert sibling.wait(5) == -signal.SIGINT
    finally:
        sibling.kill()
        sibling.wait()
