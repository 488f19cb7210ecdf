"""The log of what has happened, who is sent it, and every attempt to."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Request, Timestamped, UuidKey

STATUSES = ("waiting", "delivered", "failed", "cancelled")
#: What a webhook shows; the rest moves with every delivery.
SHOWN = (
    *("id", "owner_id", "url", "event_types", "course_id", "description"),
    *("is_enabled", "disabled_reason", "failing_since", "created_at"),
)


class DomainEvent(Base):
    """One line of the log. It is never changed, and deleted by nobody but retention: the database sees to that.

    ``sequence`` is null until ``number_events`` has given it one. ``data``: the event's other ids and scalars.
    ``course_id`` and ``actor_id`` are no foreign keys: what happened stays true when those are gone.
    """

    __tablename__ = "domain_events"

    id: Mapped[UuidKey]
    sequence: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    type: Mapped[str]
    occurred_at: Mapped[datetime]
    course_id: Mapped[UUID | None]
    actor_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (
        Index("ix__domain_events__unnumbered", "id", postgresql_where=text("sequence IS NULL")),
        Index("ix__domain_events__course_id", "course_id", "sequence"),
    )


class Webhook(Timestamped, Base):
    """An address that is sent events. ``event_types``: empty for all. ``course_id``: None for all, administrators only.

    ``disabled_reason``: why the platform stopped sending; None if its owner did.
    ``failing_since``, ``failure_count``: since its last success. ``paused_until``: it is left alone till then.
    ``busy_until``: a worker is talking with it, and is taken for dead after that.
    """

    __tablename__ = "webhooks"

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    url: Mapped[str]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    course_id: Mapped[UUID | None]
    description: Mapped[str] = mapped_column(default="")
    is_enabled: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str | None]
    sealed_secret: Mapped[bytes]
    sealed_old_secret: Mapped[bytes | None]
    old_secret_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    failure_count: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    busy_until: Mapped[datetime | None]

    __table_args__ = (
        Index("ix__webhooks__owner_id_id", "owner_id", "id"),
        CheckConstraint(
            "disabled_reason IN ('gone', 'failing', 'not_permitted', 'secret_unreadable')", name="disabled_reason"
        ),
        CheckConstraint("disabled_reason IS NULL OR NOT is_enabled", name="disabled_for_a_reason"),
        CheckConstraint("(sealed_old_secret IS NULL) = (old_secret_until IS NULL)", name="old_secrets_end"),
    )

    def etag_columns(self, request: Request) -> tuple[str, ...]:
        return SHOWN

    def succeed(self) -> None:
        self.failing_since = self.paused_until = None
        self.failure_count = 0

    def fail(self, now: datetime, pause_s: int) -> None:
        """Leave the receiver alone for a while."""
        self.failing_since = self.failing_since or now
        self.failure_count += 1
        self.paused_until = now + timedelta(seconds=pause_s)

    def enable(self) -> None:
        """Begin anew. What has happened meanwhile is sent by a replay only."""
        self.is_enabled, self.disabled_reason = True, None
        self.succeed()

    def disable(self, reason: str | None = None) -> None:
        self.is_enabled, self.disabled_reason = False, reason


class Delivery(Base):
    """One attempt to send one event to one webhook: the ledger. A failed one is followed by the next, ``waiting``.

    ``queued_at``: when its first attempt was due. ``error``: why there is no ``status_code``. ``cancelled`` ones were
    waiting when the webhook was disabled. No foreign key to the webhook: deleting one must not wait for a long ledger.
    """

    __tablename__ = "webhook_deliveries"

    id: Mapped[UuidKey]
    webhook_id: Mapped[UUID]
    event_id: Mapped[UUID] = mapped_column(ForeignKey("domain_events.id", ondelete="CASCADE"), index=True)
    attempt: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(default="waiting")
    queued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempted_at: Mapped[datetime | None]
    status_code: Mapped[int | None]
    error: Mapped[str | None]
    duration_ms: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'delivered', 'failed', 'cancelled')", name="status"),
        Index("ix__webhook_deliveries__webhook_id", "webhook_id", "id"),
        Index("ix__webhook_deliveries__due", "webhook_id", "due_at", "id", postgresql_where=text("status = 'waiting'")),
        # However often an event is matched or replayed, it waits once.
        Index(
            "uq__webhook_deliveries__waiting",
            "webhook_id",
            "event_id",
            unique=True,
            postgresql_where=text("status = 'waiting'"),
        ),
    )
