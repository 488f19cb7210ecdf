"""Figures that are read when they are asked for."""

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from pyramid.config import Configurator
from pyramid.request import Request

Figures = Callable[[Request], Iterable[Metric]]


def gauge(name: str, description: str, value: float) -> Metric:
    """One figure without labels. Its name begins with ``courseplatform_`` and ends with its unit."""
    return GaugeMetricFamily(name, description, value=value)


def add_metrics(config: Configurator, fn: Any) -> None:
    """Let ``fn(request)`` give metric families of ``prometheus_client.core``; it takes a statement or two."""
    fn = config.maybe_dotted(fn)
    config.action(("metrics", fn), lambda: config.registry["metrics"].append(fn))


def platform_figures(request: Request) -> Iterator[Metric]:
    """Which release it is."""
    known = GaugeMetricFamily("courseplatform_build_info", "1, with the release as a label.", labels=["version"])
    known.add_metric([version("courseplatform")], 1)
    yield known
