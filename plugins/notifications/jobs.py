"""Delivery: who may be told is decided now, when the job runs, not when the event happened."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete

from courseplatform.api import Request
from plugins.accounts.api import get_active_user

from .models import Notification
from .operations import deliver, role_holders, takes_part

CHUNK_USERS = 1_000


def notify(
    request: Request,
    *,
    event_id: UUID,
    kind: str,
    recipient_id: UUID,
    message: str,
    subject_type: str,
    subject_id: UUID,
    subject_url: str,
    actor_id: UUID | None,
    course_id: UUID | None = None,
    role: str | None = None,
) -> None:
    """Tell one user of an event, unless they did it themselves or are no longer active. Idempotent.

    ``course_id``, ``role``: only if they then hold that role at this course, teach it or are an administrator.
    """
    if recipient_id == actor_id or get_active_user(request, recipient_id) is None:
        return
    if course_id and role and not takes_part(request, recipient_id, course_id=course_id, role=role):
        return
    subject = _subject(subject_type, subject_id, subject_url)
    deliver(request, recipient_ids=[recipient_id], event_id=event_id, kind=kind, message=message, subject=subject)


def notify_role(
    request: Request,
    *,
    event_id: UUID,
    kind: str,
    course_id: UUID,
    role: str,
    message: str,
    subject_type: str,
    subject_id: UUID,
    subject_url: str,
    actor_id: UUID | None,
    after_id: UUID | None = None,
) -> None:
    """Tell everyone of an event who holds a role at a course, but the one who did it. Idempotent.

    Takes the first ``CHUNK_USERS`` after ``after_id``, then enqueues itself for the next ones.
    """
    node_class = request.registry["notifications.course_node"]
    recipient_ids = role_holders(
        request, node_class, role, course_id, except_id=actor_id, after_id=after_id, limit=CHUNK_USERS
    )
    subject = _subject(subject_type, subject_id, subject_url)
    deliver(request, recipient_ids=recipient_ids, event_id=event_id, kind=kind, message=message, subject=subject)
    if len(recipient_ids) == CHUNK_USERS:
        request.enqueue(
            notify_role,
            event_id=event_id,
            kind=kind,
            course_id=course_id,
            role=role,
            message=message,
            subject_type=subject_type,
            subject_id=subject_id,
            subject_url=subject_url,
            actor_id=actor_id,
            after_id=recipient_ids[-1],
        )


def forget_recipient(request: Request, *, recipient_id: UUID) -> None:
    """Delete all notifications of a user who was erased. Idempotent."""
    request.db.execute(delete(Notification).where(Notification.recipient_id == recipient_id))


def _subject(subject_type: str, subject_id: UUID, subject_url: str) -> dict[str, Any]:
    return {"type": subject_type, "id": str(subject_id), "url": subject_url}
