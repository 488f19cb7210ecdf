"""Comments on lessons, assignments and submissions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Conflict, Timestamped


class Comment(Timestamped, Base):
    """A comment on exactly one target. A deleted one that has replies stays as an empty shell."""

    __tablename__ = "comments"

    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    text: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(index=True)
    lesson_id: Mapped[UUID | None] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"))
    assignment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignments.id", ondelete="CASCADE"))
    submission_id: Mapped[UUID | None] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"))
    edited_at: Mapped[datetime | None]
    is_deleted: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        # Spelled out, since a column's ForeignKey does not hand its info on to the constraint.
        ForeignKeyConstraint(["parent_id"], ["comments.id"], info={"conflict": "comment_deleted"}),
        CheckConstraint("num_nonnulls(lesson_id, assignment_id, submission_id) = 1", name="one_target"),
        Index("ix__comments__lesson_id", "lesson_id", "id"),
        Index("ix__comments__assignment_id", "assignment_id", "id"),
        Index("ix__comments__submission_id", "submission_id", "id"),
    )

    def edit(self, text: str, now: datetime) -> None:
        """Raises: Conflict("comment_deleted")."""
        self.require_not_deleted()
        if text != self.text:
            self.text, self.edited_at = text, now

    def empty(self) -> None:
        """Leave a shell that holds the replies."""
        self.text, self.is_deleted = "", True

    def require_not_deleted(self) -> None:
        """Raises: Conflict("comment_deleted")."""
        if self.is_deleted:
            raise Conflict("comment_deleted")
