"""Cohorts, who is in them, and what is theirs alone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped


class Cohort(Timestamped, Base):
    """Students who take a course together. ``is_open``: those who enrol themselves get a seat here.

    ``member_count`` is kept by whoever seats a student: so the database alone refuses one too many.
    """

    __tablename__ = "cohorts"

    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    name: Mapped[str]
    capacity: Mapped[int]
    is_open: Mapped[bool] = mapped_column(default=False)
    member_count: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        UniqueConstraint("course_id", "name", info={"conflict": "cohort_name_taken"}),
        CheckConstraint("member_count <= capacity", name="capacity", info={"conflict": "cohort_full"}),
        CheckConstraint("member_count >= 0", name="member_count", info={"conflict": "cohort_has_members"}),
    )


class CohortMember(Base):
    """An enrollment in a cohort: one at most. ``student_id`` is the enrollment's."""

    __tablename__ = "cohort_members"

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id", ondelete="CASCADE"), primary_key=True)
    # No cascade: members hold their cohort.
    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohorts.id"), index=True)
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (Index("ix__cohort_members__student_id", "student_id", "cohort_id"),)


class CohortLesson(Base):
    """A lesson that is for this cohort, and for others that say so too; a lesson in no cohort is for everyone."""

    __tablename__ = "cohort_lessons"

    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"), primary_key=True)
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True, index=True)


class CohortDeadline(Base):
    """A cohort's dates for an assignment, in place of the assignment's own. Null means no such moment."""

    __tablename__ = "cohort_deadlines"

    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"), primary_key=True)
    assignment_id: Mapped[UUID] = mapped_column(
        ForeignKey("assignments.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    due_at: Mapped[datetime | None]
    lock_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("due_at <= lock_at", name="due_before_lock"),
        Index("ix__cohort_deadlines__due_at", "due_at"),
    )

    @property
    def id(self) -> UUID:
        """Beneath a cohort, the assignment is the key."""
        return self.assignment_id
