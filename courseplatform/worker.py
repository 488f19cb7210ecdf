"""``courseplatform worker INI``: RQ workers that run outbox jobs.

Each job runs in a process of its own, a work-horse, which may hang, eat memory or be killed without harm to the others.
All that a worker believes of Redis is the id of an outbox row: who can write to Redis can make no other function run.
"""

import logging
import os
import resource
import signal
import time
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import click
from pyramid.config import Configurator
from pyramid.registry import Registry
from redis.exceptions import RedisError
from rq import Worker, worker_registration
from rq.exceptions import StopRequested
from rq.job import Job, JobStatus
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.worker_pool import WorkerPool
from sqlalchemy.exc import SQLAlchemyError

from .jobs.queue import BULK_QUEUE_NAME, FAILURE_TTL_S, QUEUE_NAME
from .jobs.running import record_failure, run_job
from .redis_connection import connect

log = logging.getLogger(__name__)

#: RQ waits this long for a job and then looks after abandoned ones; its worker counts as gone 15 s later.
MAINTENANCE_INTERVAL_S = 30
#: How often a worker looks after its work-horse.
MONITORING_INTERVAL_S = 10
#: How long a worker that finds no Redis takes to end.
PATIENCE_S = 2
#: Of an RQ job's record. Not among them: its data, callbacks, webhooks, dependents, repetitions, time limits.
BELIEVED = (b"origin", b"description", b"status")
STATUSES = frozenset(status.value for status in JobStatus)


class QueuedJob(Job):
    """An outbox row as RQ knows it."""

    registry: ClassVar[Registry]

    def restore(self, raw_data: Any) -> None:
        believed = {key: raw_data.get(key, b"").decode(errors="replace") for key in BELIEVED}
        if believed[b"status"] not in STATUSES:
            del believed[b"status"]
        # The call that RQ logs.
        called = JSONSerializer.dumps((believed[b"description"], None, (), {}))  # type: ignore[no-untyped-call]
        super().restore({**believed, b"data": called})
        self.timeout = self.registry.settings["jobs.time_limit_s"]
        self.result_ttl, self.failure_ttl = 0, FAILURE_TTL_S

    def _execute(self) -> None:
        run_job(self.registry, UUID(self.id))


class JobWorker(Worker):
    """RQ's worker with one application for all its jobs."""

    max_connection_wait_time = 5.0

    def __init__(self, registry: Registry, name: str) -> None:
        self.registry, self.pool_pid = registry, os.getppid()
        super().__init__(
            [QUEUE_NAME, BULK_QUEUE_NAME],
            name=name,
            connection=connect(registry.settings["redis.url"]),
            serializer=JSONSerializer,
            job_class=type("QueuedJob", (QueuedJob,), {"registry": registry}),
            maintenance_interval=MAINTENANCE_INTERVAL_S,
            worker_ttl=MAINTENANCE_INTERVAL_S + 15,
            job_monitoring_interval=MONITORING_INTERVAL_S,
        )

    def heartbeat(self, *args: Any, **kw: Any) -> None:
        super().heartbeat(*args, **kw)
        beat(self.registry)
        worker_registration.register(self)  # a wiped Redis has forgotten it, and RQ's tools with it
        if os.getppid() != self.pool_pid and not self._is_horse:
            raise StopRequested  # the pool was killed: nobody would end this process

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        self.registry["db.engine"].dispose(close=False)  # its connections are the worker's
        limit_memory(self.registry.settings["jobs.memory_limit_mib"] * 1024 * 1024)
        super().main_work_horse(job, queue)

    def setup_work_horse_signals(self) -> None:
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        # Who stops a service may signal all of its processes; the worker waits for this one.
        signal.signal(signal.SIGTERM, lambda *_: None)

    def handle_work_horse_killed(self, job: Job, retpid: Any, ret_val: Any, rusage: Any) -> None:
        """Put the job off like one that failed by itself."""
        try:
            record_failure(self.registry, UUID(job.id), "WorkHorseKilled")
        except SQLAlchemyError as error:  # its attempt is counted, and the relay takes it up again
            log.error("the end of a work-horse could not be recorded: %s", type(error).__name__)


class JobWorkerPool(WorkerPool):
    """Keeps a number of workers alive, and ends them with itself."""

    def __init__(self, registry: Registry, processes: int) -> None:
        connection = connect(registry.settings["redis.url"])
        super().__init__([QUEUE_NAME, BULK_QUEUE_NAME], connection, num_workers=processes, serializer=JSONSerializer)
        self.registry, self.pid = registry, os.getpid()

    def request_stop(self, *args: Any) -> None:
        if os.getpid() != self.pid:  # a worker that was not yet one: it has to end, not the others
            raise SystemExit
        super().request_stop(*args)  # type: ignore[no-untyped-call]

    def get_worker_process(self, name: str, burst: bool, *args: Any, **kw: Any) -> BaseProcess:
        return get_context("fork").Process(target=work, args=(self.registry, name), name=f"worker {name}")


def work(registry: Registry, name: str) -> None:
    """Be one worker until SIGTERM; then finish the job at hand."""
    registry["db.engine"].dispose(close=False)  # its connections are the pool's
    try:
        JobWorker(registry, name).work(logging_level=rq_level())
    except RedisError as error:
        log.error("workers wait for Redis: %s", type(error).__name__)
        time.sleep(PATIENCE_S)  # the pool starts the next at once


def rq_level() -> str:
    """What the ini file says of RQ's loggers; it would set them to INFO."""
    return logging.getLevelName(logging.getLogger("rq").getEffectiveLevel())


def limit_memory(limit_bytes: int) -> None:
    """Let this process have no more, or what the machine grants where that is less."""
    _, granted = resource.getrlimit(resource.RLIMIT_DATA)
    if granted != resource.RLIM_INFINITY:
        limit_bytes = min(limit_bytes, granted)
    resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


@click.command()
@click.argument("ini", type=click.Path(exists=True, dir_okay=False))
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True, help="Jobs that run at a time.")
@click.pass_context
def worker(context: click.Context, ini: str, processes: int) -> None:
    """Run background jobs. SIGTERM finishes those at hand."""
    registry = context.find_root().obj.registry
    require_queue(registry)
    JobWorkerPool(registry, processes).start(logging_level=rq_level())


def beat(registry: Registry) -> None:
    """Say that this process goes round, to whoever looks at the file's time."""
    if path := registry.settings["jobs.beat_path"]:
        Path(path).touch()


def require_queue(registry: Registry) -> None:
    """Raises: click.ClickException."""
    if registry["jobs.queue"] is None:
        raise click.ClickException("jobs.in_process is true: the serving processes run the jobs themselves")


def includeme(config: Configurator) -> None:
    config.add_command("courseplatform.worker.worker")
