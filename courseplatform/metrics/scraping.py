"""``/metrics``: all figures at this moment, as text, for whoever has the token."""

import hmac
import logging
import os
from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ..errors import NotFound, Unauthenticated
from .counters import Counters
from .figures import gauge

log = logging.getLogger(__name__)


class Scrape(Collector):
    """What was counted, and what all plugins say at this moment."""

    def __init__(self, request: Request) -> None:
        self.request = request

    def collect(self) -> Iterator[Metric]:
        yield from counted(self.request.registry["counters"])
        is_up = True
        for figures in self.request.registry["metrics"]:
            try:
                found = list(figures(self.request))
            except (OperationalError, InterfaceError, PoolTimeout) as error:
                # The rest is what somebody wants to see just then; and each more would wait in vain.
                log.error("no figures of the database: %s", type(error).__name__)
                is_up = False
                break
            yield from found
        yield gauge("courseplatform_database_up", "1 while the database gives its figures.", is_up)


def counted(counters: Counters) -> Iterator[Metric]:
    """The counts of this process, or of all that share ``PROMETHEUS_MULTIPROC_DIR``."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        yield from MultiProcessCollector(None).collect()  # type: ignore[no-untyped-call]
        return
    for family in counters.registry.collect():
        family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
        yield family


def show_metrics(request: Request) -> Response:
    """All figures, as text. Raises: NotFound where they are not offered, Unauthenticated without their token."""
    require_scraper(request)
    registry = CollectorRegistry(auto_describe=False)
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
