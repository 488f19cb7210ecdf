"""``courseplatform jobs list|retry|purge INI``: what operators do with jobs that failed."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import click
from pyramid.request import Request
from sqlalchemy import ColumnElement, delete, func, select, update

from ..db import script_request
from .outbox import OutboxJob, hand_over, is_undone

STATES: dict[str, Any] = {
    "dead": OutboxJob.dead_at.is_not(None),
    "failing": is_undone() & OutboxJob.last_error.is_not(None),
    "waiting": is_undone() & OutboxJob.last_error.is_(None),
    "done": OutboxJob.done_at.is_not(None),
}

ini = click.argument("ini", type=click.Path(exists=True, dir_okay=False))
only_name = click.option("--name", help="Only jobs of this function, as 'list' shows it.")
only_ids = click.option("--id", "ids", multiple=True, type=click.UUID, help="Only this job; can be repeated.")


@click.group()
def jobs() -> None:
    """Look at background jobs, and decide about those that failed."""


@jobs.command(name="list")
@ini
@click.option("--state", type=click.Choice([*STATES]), default="dead", show_default=True)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.pass_context
def list_jobs(context: click.Context, ini: str, state: str, limit: int) -> None:
    """How many jobs there are in each state, and the newest of one state."""
    with script_request(context.find_root().obj.registry) as request:
        counts = (f"{count_jobs(request, condition)} {name}" for name, condition in STATES.items())
        click.echo(", ".join(counts))
        newest = select(OutboxJob).where(STATES[state]).order_by(OutboxJob.id.desc()).limit(limit)
        for job in request.db.scalars(newest):
            told = f"{job.id}  {job.created_at:%Y-%m-%d %H:%M:%S}  {job.attempts} attempts  {job.name}"
            click.echo(told + (f"  {job.last_error}" if job.last_error else ""))


@jobs.command()
@ini
@only_name
@only_ids
@click.pass_context
def retry(context: click.Context, ini: str, name: str | None, ids: tuple[UUID, ...]) -> None:
    """Try dead jobs again now, with all their attempts; without an option, every dead one."""
    registry = context.find_root().obj.registry
    with script_request(registry) as request:
        again = {"dead_at": None, "attempts": 0, "due_at": request.now, "take_at": request.now}
        chosen = update(OutboxJob).where(*dead(name, ids)).values(again)
        found = [(row.id, row.name) for row in request.db.execute(chosen.returning(OutboxJob.id, OutboxJob.name))]
    hand_over(registry, found)
    click.echo(f"{len(found)} jobs will be tried again.")


@jobs.command()
@ini
@only_name
@only_ids
@click.confirmation_option(prompt="What these jobs should have done will never happen. Forget them?")
@click.pass_context
def purge(context: click.Context, ini: str, name: str | None, ids: tuple[UUID, ...]) -> None:
    """Forget dead jobs; without an option, every dead one."""
    with script_request(context.find_root().obj.registry) as request:
        forgotten = request.db.execute(delete(OutboxJob).where(*dead(name, ids)).returning(OutboxJob.id)).all()
    click.echo(f"{len(forgotten)} jobs are forgotten.")


def count_jobs(request: Request, condition: Any) -> int:
    return request.db.scalar(select(func.count()).select_from(OutboxJob).where(condition)) or 0


def dead(name: str | None, ids: Iterable[UUID]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [OutboxJob.dead_at.is_not(None)]
    if name:
        found.append(OutboxJob.name == name)
    if ids:
        found.append(OutboxJob.id.in_(ids))
    return found
