"""``/metrics``: figures for Prometheus.

They are read from the database and from Redis when they are asked for, so that every process says the same of all.
A plugin adds its own with ``config.add_metrics(fn)``.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from .errors import NotFound, Unauthenticated

Figures = Callable[[Request], Iterable[Metric]]


class Scrape(Collector):
    """What all plugins say at this moment."""

    def __init__(self, request: Request) -> None:
        self.request = request

    def collect(self) -> Iterator[Metric]:
        for figures in self.request.registry["metrics"]:
            yield from figures(self.request)


def show_metrics(request: Request) -> Response:
    """All figures, as text. Raises: NotFound where they are not offered, Unauthenticated without their token."""
    require_scraper(request)
    registry = CollectorRegistry()
    registry.register(Scrape(request))
    return Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def require_scraper(request: Request) -> None:
    settings = request.registry.settings
    token = settings["metrics.token"]
    if token is None:
        if settings["courseplatform.embedded"]:
            return
        raise NotFound()
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise Unauthenticated()


def gauge(name: str, description: str, value: float) -> Metric:
    """One figure without labels. Its name begins with ``courseplatform_`` and ends with its unit."""
    return GaugeMetricFamily(name, description, value=value)


def add_metrics(config: Configurator, fn: Any) -> None:
    """Let ``fn(request)`` give metric families of ``prometheus_client.core``; it takes a statement or two."""
    fn = config.maybe_dotted(fn)
    config.action(("metrics", fn), lambda: config.registry["metrics"].append(fn))


def includeme(config: Configurator) -> None:
    config.registry["metrics"] = []
    config.add_setting("metrics.token", secret=True)
    config.add_directive("add_metrics", add_metrics)
    config.add_route("metrics", "/metrics")
    config.add_view(show_metrics, route_name="metrics", permission=NO_PERMISSION_REQUIRED, request_method="GET")
