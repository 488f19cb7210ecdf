"""Background jobs: PostgreSQL is the truth.

``request.enqueue(fn, **ids)`` writes an outbox row in the caller's transaction. A runner takes the row under a lock,
runs ``fn(request, **ids)`` and marks it done in one transaction: the job's database effect happens exactly once,
however often it is tried. Arguments are JSON scalars; ``…_id`` arrives as UUID and ``…_at`` as an aware datetime.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.settings import asbool
from sqlalchemy import Index, delete, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base, UuidKey, script_request

log = logging.getLogger(__name__)

Job = Callable[..., Any]

MAX_ATTEMPTS = 10
IDLE_WAIT_S = 2.0
KEEP_DONE_DAYS = 7


class OutboxJob(Base):
    """A job that was promised. Undone while ``done_at`` and ``dead_at`` are null."""

    __tablename__ = "outbox"

    id: Mapped[UuidKey]
    name: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix__outbox__undone", "due_at", "id", postgresql_where=text("done_at IS NULL AND dead_at IS NULL")),
    )


class PeriodicRun(Base):
    """When a periodic job was enqueued last."""

    __tablename__ = "periodic_runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_run_at: Mapped[datetime]


def job_name(fn: Job) -> str:
    return f"{fn.__module__}.{fn.__qualname__}"


def enqueue(request: Request, fn: Job, *, delay_s: int = 0, **ids: Any) -> None:
    """Run ``fn(request, **ids)`` if this transaction commits, and after it. Raises: LookupError if not registered."""
    name = job_name(fn)
    if name not in request.registry["jobs"]:
        raise LookupError(f"{name} is not a registered job: add_jobs() its module")
    arguments = {key: encode(value) for key, value in ids.items()}
    due_at = request.now + timedelta(seconds=delay_s)
    request.db.add(OutboxJob(name=name, arguments=arguments, created_at=request.now, due_at=due_at))
    wake = request.registry["jobs.wake"]
    request.tm.get().addAfterCommitHook(lambda is_committed: wake.set() if is_committed else None)


def encode(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, bool)):
        return value
    raise TypeError(f"a job argument is a scalar, not a {type(value).__name__}")


def decode(name: str, value: Any) -> Any:
    if value is not None and name.endswith("_id"):
        return UUID(value)
    if value is not None and name.endswith("_at"):
        return datetime.fromisoformat(value)
    return value


def run_next(registry: Registry) -> bool:
    """Run the most overdue job, if there is one. Its effect and its mark are one transaction."""
    job_id = None
    try:
        with script_request(registry) as request:
            job = request.db.scalars(
                select(OutboxJob)
                .where(OutboxJob.done_at.is_(None), OutboxJob.dead_at.is_(None), OutboxJob.due_at <= request.now)
                .order_by(OutboxJob.due_at, OutboxJob.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if job is None:
                return False
            job_id = job.id
            fn = registry["jobs"][job.name]
            fn(request, **{name: decode(name, value) for name, value in job.arguments.items()})
            job.done_at = request.now
            job.arguments = {}  # whoever they were about may be erased one day
    except Exception as error:
        if job_id is None:
            raise
        log.exception("job failed", extra={"job_id": str(job_id)})
        record_failure(registry, job_id, type(error).__name__)
    return True


def record_failure(registry: Registry, job_id: UUID, error_class: str) -> None:
    """Count the attempt and put the job off; after ``MAX_ATTEMPTS`` it is dead until someone looks."""
    with script_request(registry) as request:
        job = request.db.get(OutboxJob, job_id, with_for_update=True)
        if job is None or job.done_at is not None:
            return
        job.attempts += 1
        job.last_error = error_class
        job.due_at = request.now + timedelta(seconds=min(2**job.attempts, 600))
        if job.attempts >= MAX_ATTEMPTS:
            job.dead_at = request.now


def run_due_jobs(registry: Registry, at_most: int | None = None) -> int:
    """Run everything that is due, also what those jobs enqueue, or the first ``at_most``. How many ran."""
    ran = 0
    while ran != at_most and run_next(registry):
        ran += 1
    return ran


def enqueue_periodic(registry: Registry) -> None:
    """Enqueue each periodic job whose time has come, once however many runners look."""
    for fn, every_s in registry["jobs.periodic"]:
        with script_request(registry) as request:
            due_before = request.now - timedelta(seconds=every_s)
            claim = (
                insert(PeriodicRun)
                .values(name=job_name(fn), last_run_at=request.now)
                .on_conflict_do_update(
                    index_elements=[PeriodicRun.name],
                    set_={"last_run_at": request.now},
                    where=or_(PeriodicRun.last_run_at <= due_before),
                )
                .returning(PeriodicRun.name)
            )
            if request.db.execute(claim).one_or_none():
                request.enqueue(fn)


def purge_outbox(request: Request) -> None:
    """Forget jobs a week after they were done; dead ones stay until someone looks."""
    over = OutboxJob.done_at < request.now - timedelta(days=KEEP_DONE_DAYS)
    request.db.execute(delete(OutboxJob).where(over))


class Runner(threading.Thread):
    """Runs jobs inside the serving process, woken by commits."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(name="courseplatform-jobs", daemon=True)
        self.registry, self.is_stopping = registry, threading.Event()

    def run(self) -> None:
        wake = self.registry["jobs.wake"]
        while not self.is_stopping.is_set():
            wake.clear()
            try:
                enqueue_periodic(self.registry)
                run_due_jobs(self.registry)
            except SQLAlchemyError as error:  # the database is away: the jobs are safe there, try again
                log.error("jobs wait for the database: %s", type(error).__name__)
            except Exception:  # the thread must outlive whatever it is: nobody would start it again
                log.exception("jobs could not be run")
            wake.wait(IDLE_WAIT_S)

    def stop(self) -> None:
        """Finish the job at hand, then end."""
        self.is_stopping.set()
        self.registry["jobs.wake"].set()
        self.join(timeout=25)


def add_jobs(config: Configurator, module: Any) -> None:
    """Register the public functions of a plugin's ``jobs`` module: only registered functions ever run."""
    module = config.maybe_dotted(module)
    for name, fn in vars(module).items():
        if not name.startswith("_") and callable(fn) and getattr(fn, "__module__", None) == module.__name__:
            config.action(("job", job_name(fn)), lambda fn=fn: config.registry["jobs"].update({job_name(fn): fn}))


def add_periodic_job(config: Configurator, fn: Any, every_s: int) -> None:
    """Run ``fn(request)`` about every ``every_s`` seconds, on one runner only."""
    fn = config.maybe_dotted(fn)

    def register() -> None:
        config.registry["jobs"].setdefault(job_name(fn), fn)
        config.registry["jobs.periodic"].append((fn, every_s))

    config.action(("periodic job", fn), register)


def includeme(config: Configurator) -> None:
    config.registry["jobs"], config.registry["jobs.periodic"] = {}, []
    config.registry["jobs.wake"] = threading.Event()
    config.add_setting("jobs.in_process", asbool, default=True)
    config.add_directive("add_jobs", add_jobs)
    config.add_directive("add_periodic_job", add_periodic_job)
    config.add_periodic_job(purge_outbox, every_s=3600)
    config.add_request_method(enqueue)
