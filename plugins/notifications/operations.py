"""Verbs of notifications."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from uuid_utils.compat import uuid7

from courseplatform.api import Invalid, Request, holds_role
from plugins.accounts.api import User, get_active_user

from .models import Notification


def create_notification(request: Request, *, recipient_id: UUID, message: str) -> Notification:
    """Write to a user by hand: kind ``message``. Raises: Invalid unless the recipient is an active user."""
    require_recipient(request, recipient_id)
    notification = Notification(
        recipient_id=recipient_id, kind="message", message=message, event_id=uuid7(), created_at=request.now
    )
    request.db.add(notification)
    request.db.flush()
    return notification


def update_notification(request: Request, notification: Notification, changes: dict[str, Any]) -> None:
    """Apply changed fields. Raises: Invalid for a new recipient who is no active user; 409 ``already_notified``."""
    if changes.get("recipient_id", notification.recipient_id) != notification.recipient_id:
        require_recipient(request, changes["recipient_id"])
    for name, value in changes.items():
        setattr(notification, name, value)
    request.db.flush()


def mark_all_read(request: Request, *, recipient_id: UUID) -> int:
    """Mark everything read that the recipient has not read yet. How many that were."""
    unread = update(Notification).where(Notification.recipient_id == recipient_id, Notification.is_read.is_(False))
    return request.db.execute(unread.values(is_read=True), execution_options={"synchronize_session": False}).rowcount


def require_recipient(request: Request, user_id: UUID) -> None:
    if get_active_user(request, user_id) is None:
        raise Invalid.field("recipient_id", "must be an active user")


def deliver(
    request: Request,
    *,
    recipient_ids: Collection[UUID],
    event_id: UUID,
    kind: str,
    message: str,
    subject: dict[str, Any] | None,
) -> None:
    """Notify users of an event in one statement. Idempotent: who was told of this event already is not told again."""
    if not recipient_ids:
        return
    told = {
        "kind": kind,
        "message": message,
        "subject": subject,
        "event_id": event_id,
        "is_read": False,
        "created_at": request.now,
    }
    rows = [{"id": uuid7(), "recipient_id": recipient_id, **told} for recipient_id in recipient_ids]
    request.db.execute(insert(Notification).on_conflict_do_nothing(), rows)


def takes_part(request: Request, user_id: UUID, *, course_id: UUID, role: str) -> bool:
    """Whether an active user holds a local role at a course now, teaches it or is an administrator."""
    person, node_class = aliased(User), request.registry["notifications.course_node"]
    holds = [holds_role(request, node_class, name, person.id, course_id) for name in (role, "teacher")]
    found = select(person.id).where(person.id == user_id, person.is_active, or_(person.role == "admin", *holds))
    return request.db.scalar(found) is not None


def role_holders(
    request: Request,
    node_class: Any,
    role: str,
    row_id: UUID,
    *,
    except_id: UUID | None,
    after_id: UUID | None,
    limit: int,
) -> list[UUID]:
    """The next ``limit`` active users, by id, who hold a local role at a row now; without ``except_id``."""
    # An alias: the roles' expressions may read the users' table themselves.
    person = aliased(User)
    found = select(person.id).where(person.is_active, holds_role(request, node_class, role, person.id, row_id))
    if except_id is not None:
        found = found.where(person.id != except_id)
    if after_id is not None:
        found = found.where(person.id > after_id)
    return list(request.db.scalars(found.order_by(person.id).limit(limit)))
