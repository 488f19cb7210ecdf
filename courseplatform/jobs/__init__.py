"""Background jobs: PostgreSQL is the truth, Redis the transport.

``request.enqueue(fn, **ids)`` writes an outbox row in the caller's transaction. After the commit it is given to whoever
runs jobs: to a thread of this process (``jobs.in_process``), or by RQ to a worker. ``fn(request, **ids)`` runs and is
marked done in one transaction, so that its effect in the database happens exactly once, however often it is tried.
Arguments are JSON scalars; ``…_id`` arrives as UUID and ``…_at`` as an aware datetime.

| file | holds |
|---|---|
| ``outbox`` | the table, and what is written into it |
| ``running`` | taking up a job, running it, recording how it went |
| ``periodic`` | jobs that recur |
| ``queue`` | the way through Redis: pushing, and pushing again what is still undone |
| ``thread`` | the runner inside the serving process |
| ``commands`` | ``courseplatform jobs`` |
| ``figures`` | what ``/metrics`` says of jobs |

The processes of production, worker and scheduler, are in ``courseplatform.worker`` and ``courseplatform.scheduler``.
"""

import threading
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pyramid.config import Configurator
from pyramid.settings import asbool

from ..settings import positive_int
from .outbox import OutboxJob, PeriodicRun, enqueue, job_name, purge_outbox
from .periodic import add_periodic_job, enqueue_periodic
from .queue import JobQueue
from .running import MAX_ATTEMPTS, run_due_jobs, run_next
from .thread import Runner

__all__ = [
    "MAX_ATTEMPTS",
    "OutboxJob",
    "PeriodicRun",
    "Runner",
    "enqueue",
    "enqueue_periodic",
    "purge_outbox",
    "run_due_jobs",
    "run_next",
]


def add_jobs(config: Configurator, module: Any, bulk: Collection[str] = ()) -> None:
    """Register the public functions of a plugin's ``jobs`` module: only registered functions ever run.

    ``bulk``: those of them that come by the thousand. Workers take them up while nothing else waits.
    """
    module, registry = config.maybe_dotted(module), config.registry

    def register(fn: Any) -> None:
        registry["jobs"][job_name(fn)] = fn
        if fn.__name__ in bulk:
            registry["jobs.bulk"].add(job_name(fn))

    for name, fn in vars(module).items():
        if not name.startswith("_") and callable(fn) and getattr(fn, "__module__", None) == module.__name__:
            config.action(("job", job_name(fn)), register, args=(fn,))


def faults(settings: Mapping[str, Any]) -> Iterable[str]:
    if settings.get("jobs.in_process") is False and not settings.get("redis.url"):
        yield "redis.url: is required where jobs.in_process is false: workers are given their jobs through Redis"


def includeme(config: Configurator) -> None:
    config.registry["jobs"], config.registry["jobs.bulk"], config.registry["jobs.periodic"] = {}, set(), []
    config.registry["jobs.wake"] = threading.Event()
    config.add_setting("jobs.in_process", asbool, default=True)
    config.add_setting("jobs.time_limit_s", positive_int, default=60)
    config.add_setting("jobs.memory_limit_mib", positive_int, default=1024)
    config.add_setting("jobs.beat_path")
    config.add_settings_check(faults)
    config.add_directive("add_jobs", add_jobs)
    config.add_directive("add_periodic_job", add_periodic_job)
    config.add_periodic_job(purge_outbox, every_s=3600)
    config.add_command("courseplatform.jobs.commands.jobs")
    config.add_metrics("courseplatform.jobs.figures.job_figures")

    def connect() -> None:
        settings = config.registry.settings
        bulk, redis = config.registry["jobs.bulk"], config.registry["redis"]
        is_queued = not settings["jobs.in_process"]
        config.registry["jobs.queue"] = JobQueue(settings["redis.url"], bulk, redis) if is_queued else None

    config.action("job queue", connect)
