"""Verbs of notifications."""

from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from uuid_utils.compat import uuid7

from courseplatform.api import Invalid, Request
from plugins.accounts.api import get_active_user

from . import jobs
from .delivery import next_sequence
from .models import Notification
from .news import News


def tell(request: Request, recipient_id: UUID, news: News) -> None:
    """Notify one user after the commit. Raises: LookupError for an unknown kind or a value that its text lacks."""
    check_news(request, news)
    if recipient_id != news.actor_id:
        request.enqueue(jobs.notify, recipient_id=recipient_id, **news.arguments())


def tell_role(request: Request, news: News) -> None:
    """Notify all who then hold the role of the news at its course, after the commit. Raises: as ``tell``."""
    check_news(request, news)
    request.enqueue(jobs.notify_role, **news.arguments())


def check_news(request: Request, news: News) -> None:
    """Raises: LookupError, now and not when a thousand readers wait for it."""
    kind = request.registry["notifications.kinds"].get(news.kind)
    if kind is None:
        raise LookupError(f"no plugin that is on has the kind {news.kind!r}: config.add_notification_kind adds one")
    kind.require_told(news.variant, news.told)


def create_notification(request: Request, *, recipient_id: UUID, message: str) -> Notification:
    """Write to a user by hand: kind ``message``; perhaps mailed too. Raises: Invalid unless an active user."""
    require_recipient(request, recipient_id)
    notification = Notification(
        recipient_id=recipient_id,
        kind="message",
        message=message,
        event_id=uuid7(),
        sequence=next_sequence(request, recipient_id),
        created_at=request.now,
    )
    request.db.add(notification)
    request.db.flush()
    request.enqueue(jobs.mail_notification, notification_id=notification.id)
    return notification


def update_notification(request: Request, notification: Notification, changes: dict[str, Any]) -> None:
    """Apply changed fields. Raises: Invalid for a new recipient who is no active user; 409 ``already_notified``."""
    changes = {name: value for name, value in changes.items() if getattr(notification, name) != value}
    if "recipient_id" in changes:
        require_recipient(request, changes["recipient_id"])
    if changes:
        recipient_id = changes.get("recipient_id", notification.recipient_id)
        changes["sequence"] = next_sequence(request, recipient_id)
    for name, value in changes.items():
        setattr(notification, name, value)
    request.db.flush()


def mark_all_read(request: Request, *, recipient_id: UUID) -> int:
    """Mark everything read that the recipient has not read yet. How many that were."""
    is_unread = (Notification.recipient_id == recipient_id, Notification.is_read.is_(False), Notification.is_listed)
    # The rows first, then the inbox: so does a change of one notification, and neither waits in a circle.
    locked = select(Notification.id).where(*is_unread).order_by(Notification.id).with_for_update(key_share=True)
    ids = list(request.db.scalars(locked))
    if ids:
        first = next_sequence(request, recipient_id, count=len(ids))
        held = func.unnest(literal(ids, ARRAY(Uuid()))).table_valued("id", with_ordinality="place").render_derived()
        read = update(Notification).where(Notification.id == held.c.id)
        read = read.values(is_read=True, sequence=first - 1 + held.c.place)
        request.db.execute(read, execution_options={"synchronize_session": False})
    return len(ids)


def require_recipient(request: Request, user_id: UUID) -> None:
    if get_active_user(request, user_id) is None:
        raise Invalid.field("recipient_id", "must be an active user")
