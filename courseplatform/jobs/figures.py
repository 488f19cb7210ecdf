"""What ``/metrics`` says of jobs. All of it comes from the outbox, but for the depth of Redis' queue."""

import logging
from collections.abc import Iterator
from datetime import timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from pyramid.request import Request
from redis.exceptions import RedisError
from sqlalchemy import Double, cast, extract, func, or_, select
from sqlalchemy.dialects.postgresql import array

from ..metrics import gauge
from .outbox import OutboxJob, is_undone

log = logging.getLogger(__name__)

WINDOW_S = 300
QUANTILES = (0.5, 0.95, 1.0)


def job_figures(request: Request) -> Iterator[Metric]:
    """How many jobs there are in each state, how late the oldest is, and how long they took in the last minutes."""
    yield from present(request)
    yield from recent(request)
    queue = request.registry["jobs.queue"]
    if queue is not None:
        try:
            depths = queue.depths()
        except RedisError as error:
            log.error("Redis fails (%s): no figure of the queue", type(error).__name__)
            yield gauge("courseplatform_redis_up", "1 while Redis gives its figures.", 0)
        else:
            yield gauge("courseplatform_redis_up", "1 while Redis gives its figures.", 1)
            waiting = GaugeMetricFamily("courseplatform_queue_jobs", "Jobs that wait in Redis.", labels=["queue"])
            for name, depth in depths.items():
                waiting.add_metric([name], depth)
            yield waiting


def present(request: Request) -> Iterator[Metric]:
    is_failing = OutboxJob.last_error.is_not(None)
    is_dead = OutboxJob.dead_at.is_not(None)
    undone, failing, dead, oldest_due_at = request.db.execute(
        select(
            func.count().filter(is_undone()),
            func.count().filter(is_undone(), is_failing),
            func.count().filter(is_dead),
            func.min(OutboxJob.due_at).filter(is_undone()),
        ).where(or_(is_undone(), is_dead))
    ).one()
    states = GaugeMetricFamily("courseplatform_jobs", "Jobs by state.", labels=["state"])
    for state, count in (("waiting", undone - failing), ("failing", failing), ("dead", dead)):
        states.add_metric([state], count)
    yield states
    lag_s = max((request.now - oldest_due_at).total_seconds(), 0) if oldest_due_at else 0
    yield gauge("courseplatform_job_lag_seconds", "How long the oldest undone job is overdue.", lag_s)


def recent(request: Request) -> Iterator[Metric]:
    took_s = cast(extract("epoch", OutboxJob.done_at - OutboxJob.started_at), Double)
    late_s = cast(extract("epoch", OutboxJob.done_at - OutboxJob.due_at), Double)
    quantiles = func.percentile_cont(array(QUANTILES, type_=Double))
    rows = request.db.execute(
        select(
            OutboxJob.name,
            func.count(),
            quantiles.within_group(took_s).label("durations_s"),
            quantiles.within_group(late_s).label("delays_s"),
        )
        .where(OutboxJob.done_at > request.now - timedelta(seconds=WINDOW_S), OutboxJob.started_at.is_not(None))
        .group_by(OutboxJob.name)
    ).all()
    done = GaugeMetricFamily("courseplatform_jobs_done", "Jobs done in the last five minutes.", labels=["name"])
    labels = ["name", "quantile"]
    duration = GaugeMetricFamily(
        "courseplatform_job_duration_seconds", "How long jobs ran, of the last five minutes.", labels=labels
    )
    delay = GaugeMetricFamily(
        "courseplatform_job_delay_seconds", "From when a job was due until it was done.", labels=labels
    )
    for name, count, durations_s, delays_s in rows:
        done.add_metric([name], count)
        for quantile, duration_s, delay_s in zip(QUANTILES, durations_s, delays_s, strict=True):
            duration.add_metric([name, str(quantile)], duration_s)
            delay.add_metric([name, str(quantile)], delay_s)
    yield from (done, duration, delay)
