"""Jobs that recur: enqueued like any other when their time has come."""

from datetime import datetime
from typing import Any

from pyramid.config import Configurator
from pyramid.registry import Registry
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from ..db import script_request
from .outbox import Job, PeriodicRun, job_name
from .running import CLOCK_SKEW_S


def enqueue_periodic(registry: Registry) -> None:
    """Enqueue each periodic job whose time has come, once however many look."""
    with script_request(registry) as request:
        runs = select(PeriodicRun.name, PeriodicRun.last_run_at)
        last_runs: dict[str, datetime] = {row.name: row.last_run_at for row in request.db.execute(runs)}
        now = request.now
    for fn, every_s in registry["jobs.periodic"]:
        last_run_at = last_runs.get(job_name(fn))
        age_s = (now - last_run_at).total_seconds() if last_run_at else every_s
        # What a wrong clock noted, far ahead, must not hold up the job until then.
        if not -CLOCK_SKEW_S <= age_s < every_s:
            enqueue_if_last_run(registry, fn, last_run_at)


def enqueue_if_last_run(registry: Registry, fn: Job, last_run_at: datetime | None) -> None:
    """Enqueue a job, unless another has done so since it was seen to have run last at ``last_run_at``."""
    with script_request(registry) as request:
        claim = (
            insert(PeriodicRun)
            .values(name=job_name(fn), last_run_at=request.now)
            .on_conflict_do_update(
                index_elements=[PeriodicRun.name],
                set_={"last_run_at": request.now},
                where=PeriodicRun.last_run_at == last_run_at,
            )
            .returning(PeriodicRun.name)
        )
        if request.db.execute(claim).one_or_none():
            request.enqueue(fn)


def add_periodic_job(config: Configurator, fn: Any, every_s: int) -> None:
    """Run ``fn(request)`` about every ``every_s`` seconds, on one runner only."""
    fn = config.maybe_dotted(fn)

    def register() -> None:
        config.registry["jobs"].setdefault(job_name(fn), fn)
        config.registry["jobs.periodic"].append((fn, every_s))

    config.action(("periodic job", fn), register)
