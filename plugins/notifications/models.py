"""Notifications: what a user should know."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped

#: ``message`` is written by an administrator, every other kind is made from an event.
KINDS = (
    "message",
    "enrolled",
    "lesson_published",
    "assignment_published",
    "due_date_changed",
    "due_soon",
    "submitted",
    "graded",
    "returned",
    "replied",
    "certificate_issued",
    "certificate_revoked",
    "role_changed",
)


class Notification(Timestamped, Base):
    """``event_id`` names what it is about: one event tells one recipient one kind of thing once.

    ``subject``: ``{"type": "lesson", "id": uuid, "url": "/api/…/"}`` or null.
    """

    __tablename__ = "notifications"

    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    message: Mapped[str]
    subject: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    event_id: Mapped[UUID]
    is_read: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        UniqueConstraint("recipient_id", "kind", "event_id", info={"conflict": "already_notified"}),
        Index("ix__notifications__recipient_id_id", "recipient_id", "id"),
    )
