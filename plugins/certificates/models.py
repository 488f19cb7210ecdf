"""Certificates: one per student and course, a snapshot of what it says."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped


class Certificate(Timestamped, Base):
    """``student_name``, ``course_title`` and ``teacher_name`` are as they were when it was issued."""

    __tablename__ = "certificates"

    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    # A certificate survives even the forced deletion of its course.
    course_id: Mapped[UUID | None] = mapped_column(ForeignKey("courses.id", ondelete="SET NULL"))
    status: Mapped[str] = mapped_column(default="issued")
    verification_code: Mapped[str] = mapped_column(unique=True)
    student_name: Mapped[str]
    course_title: Mapped[str]
    teacher_name: Mapped[str]
    issued_at: Mapped[datetime | None]
    issued_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    override_reason: Mapped[str] = mapped_column(default="")
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        UniqueConstraint("student_id", "course_id", info={"conflict": "certificate_exists"}),
        CheckConstraint("status IN ('not_issued', 'issued', 'revoked')", name="status"),
        Index("ix__certificates__course_id", "course_id", "id"),
        Index("ix__certificates__student_id_id", "student_id", "id"),
    )
