"""What is counted of every request, as ``measuring`` tells it."""

from dataclasses import dataclass, field
from typing import Any

from prometheus_client import Counter, Histogram
from pyramid.registry import Registry
from pyramid.request import Request

from ..measuring import Measured

#: Others are counted together: a client may send any word.
METHODS = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LABELS = ("route", "method", "plugin")


@dataclass
class Meters:
    """Of one route and method; ``by_status``: its counters of requests so far."""

    duration: Histogram
    sql_statements: Counter
    sql: Counter
    by_status: dict[int, Counter] = field(default_factory=dict)


class RequestMeter:
    """An observer. Children are kept: see ``Counters``."""

    def __init__(self, registry: Registry) -> None:
        prefix, kw = "courseplatform_request", {"registry": registry["counters"].registry}
        self.requests = Counter(f"{prefix}s", "Requests answered.", (*LABELS, "status"), **kw)
        self.duration = Histogram(f"{prefix}_duration_seconds", "What they took.", LABELS, buckets=BUCKETS_S, **kw)
        self.sql_statements = Counter(f"{prefix}_sql_statements", "SQL statements of requests.", LABELS, **kw)
        self.sql = Counter(f"{prefix}_sql_seconds", "What those took.", LABELS, **kw)
        self.retries = Counter(f"{prefix}_retries", "Attempts beyond each request's first.", ("route",), **kw)
        self.counters = registry["counters"]
        self.meters: dict[tuple[str, str], Meters] = {}

    def __call__(self, request: Request, measured: Measured) -> None:
        method = request.method
        key = measured.route, method if method in METHODS else "other"
        meters = self.meters.get(key)
        if meters is None:
            labels = (*key, measured.plugin)
            children: Any = [one.labels(*labels) for one in (self.duration, self.sql_statements, self.sql)]
            meters = self.meters[key] = Meters(*children)
        by_status = meters.by_status.get(measured.status)
        if by_status is None:
            by_status = self.requests.labels(*key, measured.plugin, measured.status)
            meters.by_status[measured.status] = by_status
        by_status.inc()
        meters.duration.observe(measured.duration_s)
        if measured.sql_statements:
            meters.sql_statements.inc(measured.sql_statements)
            meters.sql.inc(measured.sql_s)
        if measured.attempts > 1:
            self.retries.labels(measured.route).inc(measured.attempts - 1)
        if "HTTP_IF_NONE_MATCH" in request.environ and method in ("GET", "HEAD") and measured.status in (200, 304):
            outcome = "hit" if measured.status == 304 else "miss"
            self.counters.add("courseplatform_cache_lookups", 1, {"cache": "clients", "outcome": outcome})


def meter_requests(registry: Registry) -> None:
    registry["measuring.observers"].append(RequestMeter(registry))
