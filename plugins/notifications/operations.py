"""Verbs of notifications."""

from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from uuid_utils.compat import uuid7

from courseplatform.api import Invalid, Request
from plugins.accounts.api import get_active_user

from . import jobs
from .delivery import next_sequence
from .models import Notification
from .news import News, Subject


def tell(
    request: Request,
    kind: str,
    recipient_id: UUID,
    subject: Subject,
    *,
    actor_id: UUID | None = None,
    event_id: UUID | None = None,
    course_id: UUID | None = None,
    role: str | None = None,
    variant: str | None = None,
    **told: Any,
) -> None:
    """Notify one user after the commit, never the one who did it; with ``role`` if they then hold it at the course.

    ``told``: scalars that the kind's text names. Raises: LookupError for an unknown kind or a value that it lacks.
    """
    if recipient_id != actor_id:
        news = make_news(request, kind, subject, actor_id, event_id, variant, told, course_id=course_id, role=role)
        request.enqueue(jobs.notify, recipient_id=recipient_id, **news.arguments())


def tell_role(
    request: Request,
    kind: str,
    course_id: UUID,
    role: str,
    subject: Subject,
    *,
    actor_id: UUID | None = None,
    event_id: UUID | None = None,
    variant: str | None = None,
    until_at: Any = None,
    **told: Any,
) -> None:
    """Notify all who hold ``role`` at a course after the commit, but not after ``until_at``. Raises: as ``tell``."""
    place = {"course_id": course_id, "role": role, "until_at": until_at}
    news = make_news(request, kind, subject, actor_id, event_id, variant, told, **place)
    request.enqueue(jobs.notify_role, **news.arguments())


def make_news(
    request: Request,
    kind: str,
    subject: Subject,
    actor_id: UUID | None,
    event_id: UUID | None,
    variant: str | None,
    told: dict[str, Any],
    **place: Any,
) -> News:
    """Raises: LookupError for an unknown kind or a value that its text lacks: now, and not when readers wait for it."""
    request.registry["notifications.kinds"][kind].require_told(variant, told)
    return News(
        # Made here and not in the job, so that a retried job is not a second event.
        event_id=event_id or uuid7(),
        kind=kind,
        subject_type=subject.type,
        subject_id=subject.id,
        subject_url=subject.url,
        actor_id=actor_id,
        variant=variant,
        told=told,
        **place,
    )


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
        read = update(Notification).where(Notification.id == any_(literal(ids, ARRAY(Uuid()))))
        values = {"is_read": True, "sequence": next_sequence(request, recipient_id)}
        request.db.execute(read.values(**values), execution_options={"synchronize_session": False})
    return len(ids)


def require_recipient(request: Request, user_id: UUID) -> None:
    if get_active_user(request, user_id) is None:
        raise Invalid.field("recipient_id", "must be an active user")
