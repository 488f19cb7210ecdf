"""Verbs of webhooks."""

import secrets
from base64 import b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import aliased
from uuid_utils.compat import uuid7

from courseplatform.api import AddressRefused, Conflict, Forbidden, Invalid, Request
from plugins.accounts.api import User, seal, unseal

from .event_log import check_reach, check_types, is_course, newest_sequence, teaches
from .events import WebhookDisabled, WebhookTested
from .models import Delivery, Webhook

MAX_WEBHOOKS = 20
SECRET_BYTES = 32
#: How long a secret that was replaced still signs beside the new one.
OVERLAP = timedelta(hours=24)
#: Within a request, and less than others wait for the row that it may hold.
RESOLVE_S = 1.5
PURPOSE = "webhook secrets"


def create_webhook(
    request: Request, *, owner_id: UUID, url: str, event_types: list[str], course_id: UUID | None, **fields: Any
) -> tuple[Webhook, str]:
    """A new webhook, and its secret, which is not to be had again.

    Raises: Invalid for an address that we don't go to, or an unknown type; Forbidden for a course that the owner does
    not teach; Conflict("too_many_webhooks"), also for many at once.
    """
    check_right(request, owner_id, course_id)
    check_types(request, event_types, "event_types")
    url = check_url(request, url)
    request.db.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))
    count = select(func.count()).where(Webhook.owner_id == owner_id)
    if request.db.scalar(count) >= MAX_WEBHOOKS:
        raise Conflict("too_many_webhooks", max_webhooks=MAX_WEBHOOKS)
    webhook = Webhook(
        id=uuid7(),
        owner_id=owner_id,
        url=url,
        event_types=sorted(set(event_types)),
        course_id=course_id,
        created_at=request.now,
        **fields,
    )
    secret = put_secret(request, webhook)
    request.db.add(webhook)
    request.db.flush()
    record(request, "webhook.created", webhook)
    return webhook, secret


def update_webhook(request: Request, webhook: Webhook, changes: dict[str, Any]) -> None:
    """Apply changed fields. Enabled anew, it begins anew: what happened meanwhile is sent by a replay only.

    Whoever lost the right to be sent events may still disable. Raises: Invalid, Forbidden.
    """
    was_enabled, is_enabled = webhook.is_enabled, changes.pop("is_enabled", webhook.is_enabled)
    if is_enabled:
        check_right(request, webhook.owner_id, changes.get("course_id", webhook.course_id))
    if "event_types" in changes:
        check_types(request, changes["event_types"], "event_types")
        changes["event_types"] = sorted(set(changes["event_types"]))
    if changes.get("url", webhook.url) != webhook.url:
        changes["url"] = check_url(request, changes["url"])
    for name, value in changes.items():
        setattr(webhook, name, value)
    if is_enabled != was_enabled:
        cancel_waiting(request, webhook)
        change = webhook.enable if is_enabled else webhook.disable
        change()
    request.db.flush()
    record(request, "webhook.changed", webhook)


def check_url(request: Request, url: str) -> str:
    """The URL as it is kept. Asks for the addresses of its host. Raises: Invalid."""
    try:
        return request.registry["webhooks.guard"].checked(url, RESOLVE_S)
    except AddressRefused as error:
        raise Invalid.field("url", str(error)) from error


def check_right(request: Request, owner_id: UUID, course_id: UUID | None) -> None:
    """Raises: Forbidden unless a webhook of this owner may be sent a course's events, None for all; Invalid."""
    person = aliased(User)
    columns = select(
        person.role,
        teaches(request, person.id, course_id).label("is_teacher"),
        is_course(request, course_id).label("is_course"),
    )
    owner = request.db.execute(columns.where(person.id == owner_id, person.is_active)).one_or_none()
    if owner is None:
        raise Forbidden(rule={"field": "course_id"}, missing=["course teacher", "admin"])
    if owner.role == "admin":
        if course_id is not None and not owner.is_course:
            raise Invalid.field("course_id", "is unknown")
    elif course_id is None:
        raise Invalid.field("course_id", "is required")
    elif not owner.is_teacher:
        raise Forbidden(rule={"field": "course_id"}, missing=["course teacher", "admin"])


def may_receive(request: Request, webhook: Webhook) -> bool:
    """Whether the owner may still be sent these events: an active administrator, or one who teaches the course."""
    person = aliased(User)
    has_right = or_(person.role == "admin", teaches(request, person.id, webhook.course_id))
    found = select(person.id).where(person.id == webhook.owner_id, person.is_active, has_right)
    return request.db.scalar(found) is not None


def put_secret(request: Request, webhook: Webhook) -> str:
    """Give the webhook a new secret. As Standard Webhooks writes it."""
    secret = secrets.token_bytes(SECRET_BYTES)
    webhook.sealed_secret = seal(request, secret, purpose=PURPOSE, bound_to=str(webhook.id))
    return "whsec_" + b64encode(secret).decode()


def replace_secret(request: Request, webhook: Webhook) -> str:
    """A new secret, shown once. The one before signs too for a day, the one before that no more."""
    request.db.refresh(webhook, with_for_update={"key_share": True})
    webhook.sealed_old_secret, webhook.old_secret_until = webhook.sealed_secret, request.now + OVERLAP
    secret = put_secret(request, webhook)
    request.db.flush()
    record(request, "webhook.secret_replaced", webhook)
    return secret


def open_secrets(request: Request, webhook: Webhook) -> list[bytes]:
    """The secrets that sign now, the newest first; none if it was sealed with another ``accounts.token_secret``."""
    boxes = [webhook.sealed_secret]
    if webhook.old_secret_until is not None and webhook.old_secret_until > request.now:
        boxes.append(webhook.sealed_old_secret or b"")
    opened = [unseal(request, box, purpose=PURPOSE, bound_to=str(webhook.id)) for box in boxes]
    return [secret for secret in opened if secret is not None] if opened[0] is not None else []


def forget_old_secrets(request: Request) -> None:
    """Destroy those that sign no more."""
    over = update(Webhook).where(Webhook.old_secret_until <= request.now)
    request.db.execute(
        over.values(sealed_old_secret=None, old_secret_until=None), execution_options={"synchronize_session": False}
    )


def send_test(request: Request, webhook: Webhook, *, by_user_id: UUID) -> None:
    """Emit ``WebhookTested``, which goes to this webhook whatever types it is for, and although it is left alone.

    Raises: Conflict("webhook_disabled").
    """
    require_enabled(webhook)
    webhook.paused_until = None
    request.emit(WebhookTested(webhook_id=webhook.id, course_id=webhook.course_id, by_user_id=by_user_id))


def prepare_replay(request: Request, webhook: Webhook, *, after: int) -> int:
    """Up to which sequence a replay goes: what comes later comes by itself.

    Raises: Conflict("webhook_disabled" | "sequence_unknown").
    """
    require_enabled(webhook)
    check_reach(request, after)
    webhook.paused_until = None
    record(request, "webhook.replayed", webhook)
    return newest_sequence(request)


def require_enabled(webhook: Webhook) -> None:
    """Raises: Conflict("webhook_disabled")."""
    if not webhook.is_enabled:
        raise Conflict("webhook_disabled", disabled_reason=webhook.disabled_reason)


def disable(request: Request, webhook: Webhook, reason: str) -> None:
    """Send nothing any more, whatever waits. Emits ``WebhookDisabled``. The row must be locked."""
    webhook.disable(reason)
    cancel_waiting(request, webhook)
    request.emit(
        WebhookDisabled(webhook_id=webhook.id, course_id=webhook.course_id, owner_id=webhook.owner_id, reason=reason)
    )
    record(request, "webhook.disabled", webhook)


def cancel_waiting(request: Request, webhook: Webhook) -> None:
    waiting = update(Delivery).where(Delivery.webhook_id == webhook.id, Delivery.status == "waiting")
    request.db.execute(waiting.values(status="cancelled"), execution_options={"synchronize_session": False})


def delete_webhook(request: Request, webhook: Webhook) -> None:
    """Delete a webhook. What is left of its ledger, which nobody finds any more, goes with the events."""
    record(request, "webhook.deleted", webhook)
    request.db.execute(delete(Webhook).where(Webhook.id == webhook.id))


def forget_owner(request: Request, owner_id: UUID) -> None:
    """Delete the webhooks of a leaving user. Idempotent."""
    request.db.execute(delete(Webhook).where(Webhook.owner_id == owner_id))


def record(request: Request, event: str, webhook: Webhook) -> None:
    host = urlsplit(webhook.url).hostname
    request.audit(
        event,
        webhook_id=webhook.id,
        target_user_id=webhook.owner_id,
        course_id=webhook.course_id,
        host=host,
        reason=webhook.disabled_reason,
    )


def oldest_undelivered_s(request: Request) -> float:
    """For how many seconds the oldest event has been waiting for a webhook that is enabled; 0 if none is."""
    waiting = select(func.min(Delivery.queued_at)).join(Webhook, Webhook.id == Delivery.webhook_id)
    queued_at = request.db.scalar(waiting.where(Delivery.status == "waiting", Webhook.is_enabled))
    return max((request.now - queued_at).total_seconds(), 0.0) if queued_at else 0.0


def waiting_count(request: Request) -> int:
    """How many deliveries wait: for their turn, or to be tried again."""
    waiting = select(func.count()).select_from(Delivery).join(Webhook, Webhook.id == Delivery.webhook_id)
    return request.db.scalar(waiting.where(Delivery.status == "waiting", Webhook.is_enabled))


def disabled_count(request: Request) -> int:
    """How many webhooks the platform itself has disabled."""
    return request.db.scalar(select(func.count()).where(Webhook.disabled_reason.is_not(None)))
