"""Which event goes to which webhook, when, and what came of it.

Each webhook's deliveries are a queue of their own that one worker at a time empties. A receiver that fails is left
alone for a while, with all that waits for it: it costs a worker one attempt now and then, however much it is sent.
"""

import random
from collections.abc import Iterable
from datetime import timedelta
from math import ceil
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Text, and_, any_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from courseplatform.api import Request

from .events import WebhookTested
from .models import Delivery, DomainEvent, Webhook
from .operations import disable, may_receive, open_secrets
from .representations import event_json
from .sending import Outcome, Outgoing

#: The waits before the second attempt and so on, as Standard Webhooks proposes: the last one about a day after the
#: first.
RETRY_S = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 6 * 3600)
#: How long a receiver is left alone after its first failure in a row, its second, and any further one.
PAUSE_S = RETRY_S[:3]
JITTER = 0.1
#: A receiver that has not taken anything for so long is sent nothing any more.
FAILING = timedelta(hours=24)
#: After so long a worker that began an attempt is taken for dead.
LEASE = timedelta(seconds=30)
CHUNK_EVENTS = 500


def is_for() -> ColumnElement[bool]:
    """SQL: whether an event of the log is for a webhook."""
    is_everywhere = or_(Webhook.course_id.is_(None), Webhook.course_id == DomainEvent.course_id)
    is_wanted = or_(func.cardinality(Webhook.event_types) == 0, DomainEvent.type == any_(Webhook.event_types))
    is_test = DomainEvent.type == WebhookTested.public_type
    is_its_test = DomainEvent.data["webhook_id"].astext == cast(Webhook.id, Text)
    return and_(Webhook.is_enabled, is_everywhere, or_(and_(is_test, is_its_test), and_(~is_test, is_wanted)))


def queue_events(request: Request, events: list[DomainEvent]) -> set[UUID]:
    """Queue events that have just been numbered for every webhook that they are for. The ids of those webhooks."""
    if not events:
        return set()
    wanted = (
        select(Webhook.id, DomainEvent.id)
        .join(DomainEvent, is_for())
        .where(DomainEvent.id.in_([event.id for event in events]))
        .order_by(DomainEvent.sequence, Webhook.id)
    )
    pairs = [(webhook_id, event_id) for webhook_id, event_id in request.db.execute(wanted)]
    queue(request, pairs)
    return {webhook_id for webhook_id, _ in pairs}


def queue_again(request: Request, webhook_id: UUID, *, after: int, until: int) -> int | None:
    """Queue the next ``CHUNK_EVENTS`` of the log for a webhook once more. After which to go on; None at the end."""
    wanted = (
        select(DomainEvent.id, DomainEvent.sequence)
        .join(Webhook, is_for())
        .where(Webhook.id == webhook_id, DomainEvent.sequence > after, DomainEvent.sequence <= until)
        .order_by(DomainEvent.sequence)
        .limit(CHUNK_EVENTS)
    )
    rows = request.db.execute(wanted).all()
    queue(request, [(webhook_id, row.id) for row in rows])
    return rows[-1].sequence if len(rows) == CHUNK_EVENTS else None


def queue(request: Request, pairs: Iterable[tuple[UUID, UUID]]) -> None:
    """Let deliveries wait, of webhook and event. What waits already is not queued twice."""
    now = request.now
    rows = [
        {
            "id": uuid7(),
            "webhook_id": webhook_id,
            "event_id": event_id,
            "attempt": 1,
            "status": "waiting",
            "queued_at": now,
            "due_at": now,
        }
        for webhook_id, event_id in pairs
    ]
    if rows:
        request.db.execute(insert(Delivery).on_conflict_do_nothing(), rows)


def claim(request: Request, webhook_id: UUID) -> Outgoing | None:
    """The next delivery that is due, for this worker alone; None if there is none, or not for us now.

    Disables a webhook whose owner may not be sent its events any more.
    """
    webhook = request.db.scalars(
        select(Webhook)
        .where(Webhook.id == webhook_id, Webhook.is_enabled)
        .where(is_over(request, Webhook.paused_until), is_over(request, Webhook.busy_until))
        .with_for_update(key_share=True)
    ).one_or_none()
    if webhook is None:
        return None
    due = (
        select(Delivery.id, DomainEvent)
        .join(DomainEvent, DomainEvent.id == Delivery.event_id)
        .where(Delivery.webhook_id == webhook_id, Delivery.status == "waiting", Delivery.due_at <= request.now)
        .order_by(Delivery.due_at, Delivery.id)
        .limit(1)
    )
    found = request.db.execute(due).one_or_none()
    if found is None:
        return None
    secrets = open_secrets(request, webhook)
    if not may_receive(request, webhook) or not secrets:
        disable(request, webhook, "not_permitted" if secrets else "secret_unreadable")
        return None
    webhook.busy_until = request.now + LEASE
    delivery_id, event = found
    body = orjson.dumps(event_json(request, event), option=orjson.OPT_UTC_Z)
    return Outgoing(webhook_id, delivery_id, event.id, webhook.url, body, tuple(secrets))


def is_over(request: Request, column: Any) -> ColumnElement[bool]:
    return or_(column.is_(None), column <= request.now)


def record(request: Request, outgoing: Outgoing, outcome: Outcome) -> list[int]:
    """Write the ledger, and let the webhook be used again. In how many seconds there will be something to do."""
    found = select(Webhook).where(Webhook.id == outgoing.webhook_id).with_for_update(key_share=True)
    webhook = request.db.scalars(found).one_or_none()
    delivery = request.db.get(Delivery, outgoing.delivery_id)
    if webhook is None or delivery is None or delivery.attempted_at is not None:
        return []  # deleted, or we were taken for dead and another did it
    webhook.busy_until = None
    delivery.attempted_at, delivery.duration_ms = outcome.attempted_at, outcome.duration_ms
    delivery.status_code, delivery.error = outcome.status_code, outcome.error
    delivery.status = "delivered" if outcome.is_delivered else "failed"
    request.db.flush()
    if outcome.is_delivered:
        webhook.succeed()
        return []
    if not webhook.is_enabled:
        return []
    return record_failure(request, webhook, delivery, outcome)


def record_failure(request: Request, webhook: Webhook, delivery: Delivery, outcome: Outcome) -> list[int]:
    """Let the delivery be tried again, and leave the receiver alone for a while; or give it up."""
    pause_s = with_jitter(PAUSE_S[min(webhook.failure_count, len(PAUSE_S) - 1)], outcome)
    webhook.fail(request.now, pause_s)
    if outcome.status_code == 410:
        disable(request, webhook, "gone")
        return []
    if webhook.failing_since is not None and request.now - webhook.failing_since >= FAILING:
        disable(request, webhook, "failing")
        return []
    if delivery.attempt > len(RETRY_S):
        return [pause_s]
    retry_s = max(with_jitter(RETRY_S[delivery.attempt - 1], outcome), pause_s)
    request.db.add(
        Delivery(
            webhook_id=webhook.id,
            event_id=delivery.event_id,
            attempt=delivery.attempt + 1,
            queued_at=delivery.queued_at,
            due_at=request.now + timedelta(seconds=retry_s),
        )
    )
    return sorted({pause_s, retry_s})


def with_jitter(wait_s: int, outcome: Outcome) -> int:
    """About so long, so that those who failed together don't come back together; at least what the receiver asks."""
    # It spreads, and hides nothing:
    return max(ceil(wait_s * random.uniform(1 - JITTER, 1 + JITTER)), outcome.retry_after_s)  # noqa: S311  # nosec B311


def with_work(request: Request) -> list[UUID]:
    """The webhooks that have something due and nobody who sees to it."""
    found = (
        select(Webhook.id)
        .where(Webhook.is_enabled, is_over(request, Webhook.paused_until), is_over(request, Webhook.busy_until))
        .where(
            select(Delivery.id)
            .where(Delivery.webhook_id == Webhook.id, Delivery.status == "waiting", Delivery.due_at <= request.now)
            .exists()
        )
    )
    return list(request.db.scalars(found.order_by(Webhook.id)))
