"""Lessons: the ordered parts of a course, and who has completed them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped

MATERIAL_KINDS = ("video", "document", "link")
#: In one course: they are reordered in one call.
MAX_LESSONS = 1000


class Lesson(Timestamped, Base):
    """``materials``: a list of ``{"kind": video|document|link, "title": str, "url": str}``.

    ``search_vector``: kept by the database, for searches only.
    """

    __tablename__ = "lessons"

    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    materials: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    position: Mapped[int]
    is_published: Mapped[bool] = mapped_column(default=True)
    is_required: Mapped[bool] = mapped_column(default=True)
    search_vector: Mapped[Any] = mapped_column(TSVECTOR, nullable=True, deferred=True)

    __table_args__ = (
        # Deferrable: one UPDATE may permute all positions, and is checked when it ends.
        UniqueConstraint(
            "course_id", "position", deferrable=True, initially="IMMEDIATE", info={"conflict": "position_taken"}
        ),
        Index("ix__lessons__search_vector", "search_vector", postgresql_using="gin"),
    )


class LessonCompletion(Base):
    """A student says: done."""

    __tablename__ = "lesson_completions"

    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True)
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    completed_at: Mapped[datetime]

    __table_args__ = (Index("ix__lesson_completions__student_id", "student_id"),)
