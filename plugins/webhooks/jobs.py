"""Background work: numbering what happened, sending it, forgetting it."""

import time
from uuid import UUID

from courseplatform.api import Request

from . import deliveries, event_log, operations
from .sending import send

#: How long one job goes on with one webhook before it lets others have their turn.
SLICE_S = 3


def number_events(request: Request) -> None:
    """Number what has been committed, and queue it for webhooks. Idempotent."""
    events = event_log.number_events(request)
    for webhook_id in sorted(deliveries.queue_events(request, events)):
        request.enqueue(send_deliveries, webhook_id=webhook_id)
    if len(events) == event_log.CHUNK_EVENTS:
        request.enqueue(number_events)


def send_deliveries(request: Request, *, webhook_id: UUID) -> None:
    """Send what is due for a webhook, one after the other, unless another worker is at it: that one sees ours too.

    A receiver's failure is no failure of the job: it is written down, and its next attempt enqueued. Each attempt is
    between two short transactions, so that nothing is held while the receiver thinks.
    """
    until = time.monotonic() + SLICE_S
    while True:
        with request.own_transaction() as own:
            outgoing = deliveries.claim(own, webhook_id)
            now = own.now
        if outgoing is None:
            return
        outcome = send(outgoing, request.registry["webhooks.guard"], now)
        with request.own_transaction() as own:
            for wait_s in deliveries.record(own, outgoing, outcome):
                own.enqueue(send_deliveries, webhook_id=webhook_id, delay_s=wait_s)
        if time.monotonic() > until:
            request.enqueue(send_deliveries, webhook_id=webhook_id)
            return


def replay_events(request: Request, *, webhook_id: UUID, after: int, until: int) -> None:
    """Queue the log from a sequence on for a webhook once more, part by part."""
    last = deliveries.queue_again(request, webhook_id, after=after, until=until)
    request.enqueue(send_deliveries, webhook_id=webhook_id)
    if last is not None:
        request.enqueue(replay_events, webhook_id=webhook_id, after=last, until=until)


def resume_deliveries(request: Request) -> None:
    """See to what nobody sees to, because a worker was killed."""
    for webhook_id in deliveries.with_work(request):
        request.enqueue(send_deliveries, webhook_id=webhook_id)


def purge_events(request: Request) -> None:
    """Forget events with their deliveries after ``webhooks.keep_days``, and secrets that sign no more."""
    operations.forget_old_secrets(request)
    if event_log.purge(request):
        request.enqueue(purge_events)
