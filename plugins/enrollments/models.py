"""Who takes which course."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, UuidKey

#: Those who take part now; ``dropped`` and ``removed`` once did.
ENROLLED = ("active", "completed")


class Enrollment(Base):
    """A student in a course. One row per pair, whatever comes and goes."""

    __tablename__ = "enrollments"

    id: Mapped[UuidKey]
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str] = mapped_column(default="active")
    enrolled_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("course_id", "student_id", info={"conflict": "already_enrolled"}),
        CheckConstraint("status IN ('active', 'completed', 'dropped', 'removed')", name="status"),
        Index("ix__enrollments__student_id", "student_id", "id"),
        Index("ix__enrollments__course_id_id", "course_id", "id"),
    )
