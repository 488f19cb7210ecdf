"""What ``/metrics`` says of webhooks."""

from collections.abc import Iterator
from typing import Any

from courseplatform.api import Request, gauge

from .operations import disabled_count, oldest_undelivered_s, waiting_count


def webhook_figures(request: Request) -> Iterator[Any]:
    """How late deliveries are, how many wait, and which receivers were given up."""
    lag_s = oldest_undelivered_s(request)
    yield gauge("courseplatform_webhook_lag_seconds", "How long the oldest event waits for its webhook.", lag_s)
    yield gauge("courseplatform_webhook_deliveries", "Deliveries that wait.", waiting_count(request))
    yield gauge("courseplatform_webhooks_disabled", "Webhooks that the platform disabled.", disabled_count(request))
