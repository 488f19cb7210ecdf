"""``/metrics``: figures for Prometheus.

Two kinds, and two doors for plugins. What the database or Redis knows is read when it is asked for, so that every
process says the same of all: ``config.add_metrics(fn)``. What nobody writes down is counted where it happens:
``config.add_counter(name, …)`` and ``request.count(name)``; processes that share ``PROMETHEUS_MULTIPROC_DIR`` count
together, and any of them answers for all.
"""

from pyramid.config import Configurator
from pyramid.security import NO_PERMISSION_REQUIRED

from .counters import Counters, add_counter
from .figures import add_metrics, gauge, platform_figures
from .requests import meter_requests
from .scraping import show_metrics

__all__ = ["add_counter", "add_metrics", "gauge"]


def includeme(config: Configurator) -> None:
    config.registry["metrics"], config.registry["counters"] = [], Counters()
    config.add_setting("metrics.token", secret=True)
    config.add_directive("add_metrics", add_metrics)
    config.add_directive("add_counter", add_counter)
    config.add_metrics(platform_figures)
    config.add_counter("courseplatform_cache_lookups", "Whether caches had it.", labels=("cache", "outcome"))
    config.add_counter("courseplatform_rate_limit_refusals", "Answers 429, by class of limit.", labels=("limit",))
    config.add_counter("courseplatform_database_failures", "What the database failed requests with.", labels=("kind",))
    config.action("request metrics", lambda: meter_requests(config.registry))
    config.include("courseplatform.metrics.pool")
    config.add_route("metrics", "/metrics")
    config.add_view(
        show_metrics,
        route_name="metrics",
        permission=NO_PERMISSION_REQUIRED,
        request_method="GET",
        limit=False,  # in a storm of requests more than ever
    )
