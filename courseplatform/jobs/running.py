"""Running a job: begin it, run and mark it in one transaction, record a failure.

A job is begun in a transaction of its own, which counts the attempt: so one that kills whatever runs it is dead after
``MAX_ATTEMPTS`` too. Then its row is locked for as long as it runs, and whoever else is given it leaves it alone.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

from pyramid.registry import Registry
from pyramid.request import Request
from sqlalchemy import ColumnElement, select

from ..db import script_request
from ..logs import about, learn
from .outbox import OutboxJob, decode, is_undone

log = logging.getLogger(__name__)

#: Which job is wanted, given the present time.
Condition = Callable[[datetime], ColumnElement[bool]]

MAX_ATTEMPTS = 10
MAX_BACKOFF_S = 600
#: How long a job that was begun has, until it counts as abandoned unless its row is locked.
LEASE_S = 30
#: By how much the clocks of two machines may differ.
CLOCK_SKEW_S = 5
#: ``last_error`` of a job whose process never came to say what went wrong.
KILLED = "Killed"


def run_job(registry: Registry, job_id: UUID) -> bool:
    """Run one job, unless it is done, dead, put off or being run by another. Whether it was begun."""
    is_it = OutboxJob.id == job_id
    return begin_and_run(registry, lambda now: is_it & (OutboxJob.due_at <= now + timedelta(seconds=CLOCK_SKEW_S)))


def run_next(registry: Registry) -> bool:
    """Run the job that should be taken up first, if there is one."""
    return begin_and_run(registry, lambda now: OutboxJob.take_at <= now)


def run_due_jobs(registry: Registry, at_most: int | None = None) -> int:
    """Run everything that is due, also what those jobs enqueue, or the first ``at_most``. How many ran."""
    ran = 0
    while ran != at_most and run_next(registry):
        ran += 1
    return ran


def begin_and_run(registry: Registry, wanted: Condition) -> bool:
    with about({"event.dataset": "courseplatform.job"}):
        begun = begin(registry, wanted)
        if begun is None:
            return False
        job_id, attempt = begun
        if attempt > MAX_ATTEMPTS:
            log.error("job is dead: its process was killed every time", extra={"event.outcome": "failure"})
            return True
        began_at = perf_counter()
        try:
            run_begun(registry, job_id, attempt)
        except (Exception, SystemExit) as error:
            log.exception("job failed", extra=outcome("failure", began_at))
            record_failure(registry, job_id, type(error).__name__)
        else:
            log.info("job done", extra=outcome("success", began_at))
        return True


def outcome(word: str, began_at: float) -> dict[str, Any]:
    """Fields of the line that a job ends with."""
    return {"event.outcome": word, "event.duration": round((perf_counter() - began_at) * 1e9)}


def begin(registry: Registry, wanted: Condition) -> tuple[UUID, int] | None:
    """Count an attempt of the first job that is ``wanted``: (its id, the attempt's number), committed."""
    with script_request(registry) as request:
        job = request.db.scalars(
            select(OutboxJob)
            .where(is_undone(), wanted(request.now))
            .order_by(OutboxJob.take_at, OutboxJob.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if job is None:
            return None
        job.attempts += 1
        job.started_at, job.take_at = request.now, request.now + timedelta(seconds=LEASE_S)
        if job.attempts > MAX_ATTEMPTS:
            job.dead_at, job.last_error = request.now, job.last_error or KILLED
        learn("courseplatform.job.id", job.id)
        learn("courseplatform.job.name", job.name)
        learn("courseplatform.job.attempt", job.attempts)
        return job.id, job.attempts


def run_begun(registry: Registry, job_id: UUID, attempt: int) -> None:
    """Call the job's function and mark the row, in one transaction. Raises: whatever the function raises."""
    with script_request(registry) as request:
        job = hold(request, job_id, attempt)
        if job is None:  # another has begun it meanwhile
            return
        fn = registry["jobs"][job.name]
        fn(request, **{name: decode(name, value) for name, value in job.arguments.items()})
        job.done_at = registry["clock"]()
        job.arguments = {}  # whoever they were about may be erased one day


def hold(request: Request, job_id: UUID, attempt: int) -> OutboxJob | None:
    """The row of the job that was begun, locked; None if another has it.

    Who looks for work holds for a moment the rows that others have just begun: so a locked one is looked at again.
    """
    mine = select(OutboxJob).where(is_undone(), OutboxJob.id == job_id, OutboxJob.attempts == attempt)
    for pause_s in (0.01, 0.05, 0.2, 0):
        job = request.db.scalars(mine.with_for_update(skip_locked=True)).one_or_none()
        if job is not None:
            return job
        time.sleep(pause_s)
    return None


def record_failure(registry: Registry, job_id: UUID, error_class: str) -> None:
    """Put the job off; after ``MAX_ATTEMPTS`` it is dead until someone looks."""
    with script_request(registry) as request:
        job = request.db.get(OutboxJob, job_id, with_for_update=True)
        if job is None or job.done_at is not None or job.dead_at is not None:
            return
        job.last_error = error_class
        job.due_at = job.take_at = request.now + timedelta(seconds=min(2**job.attempts, MAX_BACKOFF_S))
        if job.attempts >= MAX_ATTEMPTS:
            job.dead_at = request.now
