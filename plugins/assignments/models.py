"""Assignments: what students are asked to hand in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Conflict, Request, Timestamped


class Assignment(Timestamped, Base):
    """Open until ``due_at``, late until ``lock_at``, then locked. Null means no such moment."""

    __tablename__ = "assignments"

    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"))
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    due_at: Mapped[datetime | None]
    lock_at: Mapped[datetime | None]
    max_points: Mapped[int] = mapped_column(default=100)
    pass_points: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int | None]
    is_published: Mapped[bool] = mapped_column(default=True)
    is_required: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        CheckConstraint("due_at <= lock_at", name="due_before_lock"),
        CheckConstraint("0 <= pass_points AND pass_points <= max_points", name="pass_points"),
        CheckConstraint("max_attempts > 0", name="max_attempts"),
        Index("ix__assignments__lesson_id", "lesson_id", "id"),
        Index("ix__assignments__due_at", "due_at"),
    )

    def state(self, now: datetime) -> str:
        """``open``, ``late`` or ``locked``."""
        if self.lock_at is not None and now > self.lock_at:
            return "locked"
        if self.due_at is not None and now > self.due_at:
            return "late"
        return "open"

    def require_not_locked(self, now: datetime) -> None:
        """Raises: Conflict("submission_locked")."""
        if self.state(now) == "locked":
            raise Conflict("submission_locked")

    def etag_parts(self, request: Request) -> list[Any]:
        # The representation tells open, late and locked apart, and that changes by itself.
        return [self.state(request.now)]
