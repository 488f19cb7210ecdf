"""Comments on lessons, assignments and submissions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped


class Comment(Timestamped, Base):
    """A comment on exactly one target. A deleted one that has replies stays as an empty shell."""

    __tablename__ = "comments"

    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    text: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("comments.id"), index=True)
    lesson_id: Mapped[UUID | None] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"))
    assignment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignments.id", ondelete="CASCADE"))
    submission_id: Mapped[UUID | None] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"))
    edited_at: Mapped[datetime | None]
    is_deleted: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        CheckConstraint("num_nonnulls(lesson_id, assignment_id, submission_id) = 1", name="one_target"),
        Index("ix__comments__lesson_id", "lesson_id", "id"),
        Index("ix__comments__assignment_id", "assignment_id", "id"),
        Index("ix__comments__submission_id", "submission_id", "id"),
    )
