"""The outbox: jobs that were promised, written in the transaction that promises them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pyramid.request import Request
from sqlalchemy import ColumnElement, Index, and_, delete, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ..db import Base, UuidKey

Job = Callable[..., Any]

KEEP_DONE_DAYS = 7
#: So many rows are deleted well within the time that a statement has.
PURGE_CHUNK = 10_000
#: How long the relay leaves a new job to the process that promised it, which pushes it right after its commit.
PUSH_GRACE_S = 5
#: Under this key a transaction keeps the jobs that it promises.
PROMISED = "courseplatform.jobs"


class OutboxJob(Base):
    """A job that was promised. Undone while ``done_at`` and ``dead_at`` are null.

    ``due_at``: not to be run before. ``take_at``: when it is taken up (again) by whoever looks for undone jobs; a job
    that was begun or pushed has some time until then. ``attempts``: how often it was begun. ``started_at``: last.
    """

    __tablename__ = "outbox"

    id: Mapped[UuidKey]
    name: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    take_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix__outbox__undone", "take_at", "id", postgresql_where=text("done_at IS NULL AND dead_at IS NULL")),
        Index("ix__outbox__done_at", "done_at", postgresql_where=text("done_at IS NOT NULL")),
        Index("ix__outbox__dead_at", "dead_at", postgresql_where=text("dead_at IS NOT NULL")),
    )


class PeriodicRun(Base):
    """When a periodic job was enqueued last."""

    __tablename__ = "periodic_runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_run_at: Mapped[datetime]


def is_undone() -> ColumnElement[bool]:
    return and_(OutboxJob.done_at.is_(None), OutboxJob.dead_at.is_(None))


def job_name(fn: Job) -> str:
    return f"{fn.__module__}.{fn.__qualname__}"


def enqueue(request: Request, fn: Job, *, delay_s: int = 0, **ids: Any) -> None:
    """Run ``fn(request, **ids)`` if this transaction commits, and after it. Raises: LookupError if not registered."""
    name = job_name(fn)
    if name not in request.registry["jobs"]:
        raise LookupError(f"{name} is not a registered job: add_jobs() its module")
    due_at = request.now + timedelta(seconds=delay_s)
    is_pushed = request.registry["jobs.queue"] is not None and delay_s == 0
    job = OutboxJob(
        id=uuid7(),
        name=name,
        arguments={key: encode(f"{name}({key}=…)", value) for key, value in ids.items()},
        created_at=request.now,
        due_at=due_at,
        take_at=due_at + timedelta(seconds=PUSH_GRACE_S) if is_pushed else due_at,
    )
    request.db.add(job)
    if request.is_dry_run:
        request.foreseen.note_job(name, ids)
    promised = jobs_of_transaction(request)
    if delay_s == 0:
        promised.append((job.id, name))


def jobs_of_transaction(request: Request) -> list[tuple[UUID, str]]:
    """The jobs, as (id, name), that are handed over when this transaction has committed."""
    transaction = request.tm.get()
    try:
        return transaction.data(PROMISED)
    except KeyError:
        promised: list[tuple[UUID, str]] = []
    transaction.set_data(PROMISED, promised)
    registry = request.registry
    transaction.addAfterCommitHook(lambda is_committed: hand_over(registry, promised) if is_committed else None)
    return promised


def hand_over(registry: Any, promised: list[tuple[UUID, str]]) -> None:
    """Give committed jobs to those who run them. What gets lost here is still in the outbox."""
    queue = registry["jobs.queue"]
    if queue is None:
        registry["jobs.wake"].set()
    else:
        queue.offer(promised)


def encode(argument: str, value: Any) -> Any:
    """``value`` as JSON keeps it. Raises: TypeError that names the argument of which job."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, bool)):
        return value
    raise TypeError(f"{argument}: a job argument is a scalar, not a {type(value).__name__}")


def decode(name: str, value: Any) -> Any:
    if value is not None and name.endswith("_id"):
        return UUID(value)
    if value is not None and name.endswith("_at"):
        return datetime.fromisoformat(value)
    return value


def purge_outbox(request: Request) -> None:
    """Forget jobs a week after they were done, some thousand at a time; dead ones stay until someone looks."""
    is_over = OutboxJob.done_at < request.now - timedelta(days=KEEP_DONE_DAYS)
    over = select(OutboxJob.id).where(is_over).limit(PURGE_CHUNK).scalar_subquery()
    forgotten = request.db.execute(delete(OutboxJob).where(OutboxJob.id.in_(over)).returning(OutboxJob.id)).all()
    if len(forgotten) >= PURGE_CHUNK:
        request.enqueue(purge_outbox)
