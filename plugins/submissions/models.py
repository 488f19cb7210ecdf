"""Submissions: students' work, one row per attempt, and the history of its grades."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Bytes, Timestamped


class Submission(Timestamped, Base):
    """``draft`` → ``submitted`` → ``checked`` or ``returned``. ``content_sha256`` is the receipt's hash."""

    __tablename__ = "submissions"

    # No cascade: a student's work holds the assignment that it belongs to.
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    attempt: Mapped[int]
    text: Mapped[str] = mapped_column(default="")
    file_key: Mapped[str | None]
    file_name: Mapped[str | None]
    file_size_bytes: Mapped[Bytes | None]
    file_content_type: Mapped[str | None]
    file_sha256: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="submitted")
    grade: Mapped[int | None]
    feedback: Mapped[str] = mapped_column(default="")
    is_late: Mapped[bool] = mapped_column(default=False)
    content_sha256: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("assignment_id", "student_id", "attempt", info={"conflict": "attempt_exists"}),
        Index(
            "uq__submissions__draft",
            "assignment_id",
            "student_id",
            unique=True,
            postgresql_where=sql("status = 'draft'"),
            info={"conflict": "draft_exists"},
        ),
        CheckConstraint("status IN ('draft', 'submitted', 'checked', 'returned')", name="status"),
        CheckConstraint("grade >= 0", name="grade"),
        CheckConstraint("(status = 'draft') = (submitted_at IS NULL)", name="submitted_at"),
        Index("ix__submissions__assignment_id_id", "assignment_id", "id"),
        Index("ix__submissions__student_id_id", "student_id", "id"),
        Index("ix__submissions__file_key", "file_key", postgresql_where=sql("file_key IS NOT NULL")),
    )

    @property
    def is_checked(self) -> bool:
        return self.status == "checked"


class GradeChange(Timestamped, Base):
    """One grading: who, when, from what to what, why. Only ever added to."""

    __tablename__ = "grade_changes"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), index=True)
    by_user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    old_points: Mapped[int | None]
    new_points: Mapped[int]
    reason: Mapped[str] = mapped_column(default="")
