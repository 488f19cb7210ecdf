"""Submissions: students' work, one row per attempt, and the history of its grades."""

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Bytes, Conflict, Timestamped


class Submission(Timestamped, Base):
    """``draft`` → ``submitted`` → ``checked`` or ``returned``. ``content_sha256`` is the receipt's hash."""

    __tablename__ = "submissions"

    assignment_id: Mapped[UUID]
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
    #: The deadline as it was when the work arrived; it may have moved since.
    deadline_due_at: Mapped[datetime | None]
    deadline_lock_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]

    __table_args__ = (
        # No cascade: a student's work holds the assignment that it belongs to.
        ForeignKeyConstraint(["assignment_id"], ["assignments.id"], info={"conflict": "has_submissions"}),
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

    @property
    def is_draft(self) -> bool:
        return self.status == "draft"

    @property
    def is_open(self) -> bool:
        """Handed in, and neither checked nor returned."""
        return self.status == "submitted"

    def hash_content(self) -> str:
        return content_sha256(self.text, self.file_sha256)

    def require_open(self) -> None:
        """Only a draft and unchecked work may change. Raises: Conflict("already_checked" | "already_returned")."""
        if self.is_checked:
            raise Conflict("already_checked", checked_at=self.checked_at)
        if self.status == "returned":
            raise Conflict("already_returned")

    def hand_in(self, now: datetime, due_at: datetime | None, lock_at: datetime | None) -> None:
        """Submit the present content: date it, judge its lateness, sign it with ``content_sha256``."""
        self.status, self.submitted_at = "submitted", now
        self.deadline_due_at, self.deadline_lock_at = due_at, lock_at
        self.is_late = self.was_late
        self.content_sha256 = self.hash_content()

    @property
    def was_late(self) -> bool:
        """By the deadline as it was then."""
        return self.deadline_due_at is not None and self.submitted_at > self.deadline_due_at


def content_sha256(text: str, file_sha256: str | None) -> str:
    """SHA-256, in hex, of: the text as UTF-8, one NUL byte, the file's own SHA-256 in lower-case hex (or nothing)."""
    return hashlib.sha256(text.encode() + b"\0" + (file_sha256 or "").encode()).hexdigest()


class GradeChange(Timestamped, Base):
    """One grading: who, when, from what to what, why. Only ever added to. A return withdraws: ``new_points`` null."""

    __tablename__ = "grade_changes"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), index=True)
    by_user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    old_points: Mapped[int | None]
    new_points: Mapped[int | None]
    reason: Mapped[str] = mapped_column(default="")
