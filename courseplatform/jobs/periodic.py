"""Jobs that recur: enqueued like any other when their time has come."""

from datetime import timedelta
from typing import Any

from pyramid.config import Configurator
from pyramid.registry import Registry
from sqlalchemy.dialects.postgresql import insert

from ..db import script_request
from .outbox import PeriodicRun, job_name


def enqueue_periodic(registry: Registry) -> None:
    """Enqueue each periodic job whose time has come, once however many look."""
    for fn, every_s in registry["jobs.periodic"]:
        with script_request(registry) as request:
            due_before = request.now - timedelta(seconds=every_s)
            claim = (
                insert(PeriodicRun)
                .values(name=job_name(fn), last_run_at=request.now)
                .on_conflict_do_update(
                    index_elements=[PeriodicRun.name],
                    set_={"last_run_at": request.now},
                    where=PeriodicRun.last_run_at <= due_before,
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
