"""Reviews of courses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped


class Review(Timestamped, Base):
    """One student's rating of one course."""

    __tablename__ = "reviews"

    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    rating: Mapped[int]
    text: Mapped[str] = mapped_column(default="")
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("course_id", "student_id", info={"conflict": "already_reviewed"}),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        Index("ix__reviews__course_id_id", "course_id", "id"),
    )
