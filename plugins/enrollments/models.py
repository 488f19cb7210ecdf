"""Who takes which course."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Request, UuidKey

#: Those who take part now; ``dropped`` and ``removed`` once did.
ENROLLED = ("active", "completed")


class Enrollment(Base):
    """A student in a course. One row per pair, whatever comes and goes.

    ``active`` → ``completed``; either → ``dropped`` by the student ⇄, or ``removed`` by staff, who alone undo that.
    """

    __tablename__ = "enrollments"

    id: Mapped[UuidKey]
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str] = mapped_column(default="active")
    enrolled_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]

    #: Not a column: what ``load_percents`` has found for this row during the request.
    progress_percent = None

    __table_args__ = (
        UniqueConstraint("course_id", "student_id", info={"conflict": "already_enrolled"}),
        CheckConstraint("status IN ('active', 'completed', 'dropped', 'removed')", name="status"),
        Index("ix__enrollments__student_id", "student_id", "id"),
        Index("ix__enrollments__course_id_id", "course_id", "id"),
    )

    @property
    def is_removed(self) -> bool:
        return self.status == "removed"

    @property
    def is_enrolled(self) -> bool:
        return self.status in ENROLLED

    def drop(self) -> None:
        """The student leaves. Idempotent; what staff removed stays removed."""
        if not self.is_removed:
            self.status = "dropped"

    def remove(self) -> None:
        """Staff send the student away. Idempotent."""
        self.status = "removed"

    def come_back(self) -> None:
        """As it was before it was dropped or removed: completed stays completed."""
        self.status = "active" if self.completed_at is None else "completed"

    def etag_parts(self, request: Request) -> list[Any]:
        # The representation tells the progress, and that moves without touching this row.
        if self.progress_percent is None:
            request.represent(self)
        return [self.progress_percent]
