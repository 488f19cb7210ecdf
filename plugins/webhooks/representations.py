"""Events, webhooks and the ledger as JSON."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import SHOWN, Delivery, DomainEvent, Webhook


def event_json(request: Request, event: DomainEvent) -> dict[str, Any]:
    """The payload: the same in the feed and in a webhook. ``actor_id``: who did it, null for the platform."""
    return {
        "id": event.id,
        "sequence": event.sequence,
        "type": event.type,
        "timestamp": event.occurred_at,
        "course_id": event.course_id,
        "actor_id": event.actor_id,
        "data": event.data,
    }


def webhook_json(request: Request, webhook: Webhook) -> dict[str, Any]:
    return {name: getattr(webhook, name) for name in SHOWN}


def delivery_json(request: Request, delivery: Delivery, event: Any) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "event_type": event.type,
        "sequence": event.sequence,
        "attempt": delivery.attempt,
        "status": delivery.status,
        "due_at": delivery.due_at,
        "attempted_at": delivery.attempted_at,
        "status_code": delivery.status_code,
        "error": delivery.error,
        "duration_ms": delivery.duration_ms,
    }


def load_events(request: Request, deliveries: list[Delivery]) -> dict[UUID, Any]:
    """Type and sequence by delivery, in one statement."""
    wanted = {delivery.event_id for delivery in deliveries}
    columns = select(DomainEvent.id, DomainEvent.type, DomainEvent.sequence)
    events = {row.id: row for row in request.db.execute(columns.where(DomainEvent.id.in_(wanted)))}
    return {delivery.id: events[delivery.event_id] for delivery in deliveries}
