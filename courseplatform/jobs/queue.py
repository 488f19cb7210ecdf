"""The way through Redis: RQ's queue carries the ids of outbox rows, and the relay pushes again what is still undone.

Redis is expendable. What it loses is still in the outbox; what it delivers twice runs once; and what others put into it
runs nothing, since a worker reads from the outbox what a job is.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta
from uuid import UUID

from pyramid.registry import Registry
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select, update

from ..db import script_request
from ..redis_connection import Dispensable, connect
from .outbox import OutboxJob, is_undone

QUEUE_NAME = "courseplatform"
#: Of jobs that come by the thousand: workers look here only while the other queue is empty.
BULK_QUEUE_NAME = "courseplatform-bulk"
#: How long a pushed job may wait for a worker, until it is pushed again: whoever reads it a second time drops it.
PUSH_AGAIN_S = 60
#: How many jobs the relay pushes in one go.
CHUNK = 500
#: With so many ids in one queue of Redis, workers have enough: the others wait in the outbox.
DEEP = 1000
#: Of RQ's own record of a job whose work-horse was killed.
FAILURE_TTL_S = 3600


class JobQueue:
    """RQ's two queues of one platform.

    ``bulk``: the names of the jobs that wait behind all others.
    """

    def __init__(self, url: str, bulk: Collection[str], redis: Dispensable) -> None:
        self.redis = redis
        # Not limits' connection: that one may be busy counting while jobs are pushed.
        self.connection = connect(url)
        queue, bulk_queue = (
            Queue(name, connection=self.connection, serializer=JSONSerializer) for name in (QUEUE_NAME, BULK_QUEUE_NAME)
        )
        self.queue, self.bulk_queue, self.bulk = queue, bulk_queue, bulk

    def push(self, jobs: Iterable[tuple[UUID, str]]) -> None:
        """Push (id, name) of outbox rows. Raises: RedisError; then some may have been pushed."""
        with self.connection.pipeline() as pipeline:
            for job_id, name in jobs:
                queue = self.bulk_queue if name in self.bulk else self.queue
                job = queue.create_job(
                    name, job_id=str(job_id), description=name, result_ttl=0, failure_ttl=FAILURE_TTL_S
                )
                queue.enqueue_job(job, pipeline=pipeline)
            pipeline.execute()

    def offer(self, jobs: Iterable[tuple[UUID, str]]) -> None:
        """Push, or leave it to the relay."""
        self.redis.ask(self.push, jobs)

    def depths(self) -> dict[str, int]:
        """How many jobs wait in Redis, by queue. Raises: RedisError."""
        return {queue.name: queue.count for queue in (self.queue, self.bulk_queue)}


def relay(registry: Registry) -> int:
    """Push the undone jobs whose time has come, ``CHUNK`` at most; those being run are locked, and skipped. How many.

    They are pushed after the commit: a worker is quick, and would leave alone what is still locked here. While a queue
    is deep its jobs stay where they are, so that Redis never fills with what is pushed again and again.
    Raises: RedisError; then nothing is put off, unless Redis fails between the question and the push.
    """
    queue: JobQueue = registry["jobs.queue"]
    depths = queue.depths()
    is_bulk = OutboxJob.name.in_(queue.bulk)
    with script_request(registry) as request:
        taken = (
            select(OutboxJob.id)
            .where(is_undone(), OutboxJob.take_at <= request.now)
            .order_by(OutboxJob.take_at, OutboxJob.id)
            .limit(CHUNK)
            .with_for_update(skip_locked=True)
        )
        if depths[BULK_QUEUE_NAME] >= DEEP:
            taken = taken.where(~is_bulk)
        if depths[QUEUE_NAME] >= DEEP:
            taken = taken.where(is_bulk)
        later = request.now + timedelta(seconds=PUSH_AGAIN_S)
        put_off = update(OutboxJob).where(OutboxJob.id.in_(taken.scalar_subquery())).values(take_at=later)
        jobs = [(row.id, row.name) for row in request.db.execute(put_off.returning(OutboxJob.id, OutboxJob.name))]
    if jobs:
        queue.push(sorted(jobs))
    return len(jobs)
