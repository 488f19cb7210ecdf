"""Assignments: what students are asked to hand in."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Conflict, Request, Timestamped


class Deadline(NamedTuple):
    """Open until ``due_at``, late until ``lock_at``, then locked. None means no such moment."""

    due_at: datetime | None
    lock_at: datetime | None

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
            raise Conflict("submission_locked", lock_at=self.lock_at, server_now=now)


class Assignment(Timestamped, Base):
    """``due_at`` and ``lock_at`` are for everyone to whom no deadline source gives other dates."""

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

    #: Not columns: what ``load_deadlines`` has found for the caller; ``own_dates`` replace the assignment's.
    are_dates_known, own_dates = False, None

    __table_args__ = (
        CheckConstraint("due_at <= lock_at", name="due_before_lock"),
        CheckConstraint("0 <= pass_points AND pass_points <= max_points", name="pass_points"),
        CheckConstraint("max_attempts > 0", name="max_attempts"),
        Index("ix__assignments__lesson_id", "lesson_id", "id"),
        Index("ix__assignments__due_at", "due_at"),
    )

    @property
    def deadline(self) -> Deadline:
        """The caller's, once ``load_deadlines`` has looked."""
        return self.own_dates or Deadline(self.due_at, self.lock_at)

    def etag_parts(self, request: Request) -> list[Any]:
        # The representation tells the caller's deadline, and open, late and locked apart: that changes by itself.
        if not self.are_dates_known:
            request.represent(self)
        return [*self.deadline, self.deadline.state(request.now)]
