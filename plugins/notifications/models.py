"""Notifications: what a user should know, and the inbox that they are in."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped


class Notification(Timestamped, Base):
    """``event_id`` names what it is about: one event tells one recipient one kind of thing once.

    ``subject``: ``{"type": "lesson", "id": uuid, "url": "/api/…/"}`` or null. ``sequence``: the number of its latest
    change among all changes of its recipient's inbox. Not ``is_listed``: it is mailed only.
    """

    __tablename__ = "notifications"

    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    message: Mapped[str]
    subject: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    event_id: Mapped[UUID]
    sequence: Mapped[int] = mapped_column(server_default="0")
    is_read: Mapped[bool] = mapped_column(default=False)
    is_listed: Mapped[bool] = mapped_column(default=True, server_default=text("true"))

    __table_args__ = (
        UniqueConstraint("recipient_id", "kind", "event_id", info={"conflict": "already_notified"}),
        Index("ix__notifications__recipient_id_id", "recipient_id", "id"),
        Index(
            "uq__notifications__recipient_id_sequence",
            "recipient_id",
            "sequence",
            unique=True,
            postgresql_where=text("sequence > 0"),
        ),
    )


class Inbox(Base):
    """One per user, made with the first notification or preference.

    Whoever changes something in it raises ``last_sequence`` and thereby holds the row until the commit: changes of one
    inbox become visible in the order of their numbers, and who has seen one has seen all before it.
    ``preferences``: ``{channel: {kind: bool}}``, only what differs from the kind's default.
    """

    __tablename__ = "notification_inboxes"

    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    last_sequence: Mapped[int] = mapped_column(default=0, server_default="0")
    preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
