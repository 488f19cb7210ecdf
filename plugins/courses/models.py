"""Courses and who teaches them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, synonym

from courseplatform.api import Base, Conflict, Request, Timestamped


class Course(Timestamped, Base):
    """A course, owned by one teacher. ``draft`` → ``published`` ⇄ ``archived``.

    ``search_vector``: kept by the database, for searches only.
    """

    __tablename__ = "courses"

    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    teacher_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    status: Mapped[str] = mapped_column(default="draft")
    updated_at: Mapped[datetime]
    review_count: Mapped[int] = mapped_column(default=0)
    rating_sum: Mapped[int] = mapped_column(default=0)
    search_vector: Mapped[Any] = mapped_column(TSVECTOR, nullable=True, deferred=True)

    __table_args__ = (
        CheckConstraint("status IN ('draft', 'published', 'archived')", name="status"),
        Index("ix__courses__status", "status", "id"),
        Index("ix__courses__search_vector", "search_vector", postgresql_using="gin"),
    )

    @property
    def is_draft(self) -> bool:
        return self.status == "draft"

    @property
    def is_published(self) -> bool:
        return self.status == "published"

    @property
    def is_archived(self) -> bool:
        return self.status == "archived"

    def publish(self, now: datetime) -> None:
        """Raises: Conflict("already_published"), Conflict("course_archived")."""
        if self.is_published:
            raise Conflict("already_published")
        self.require_not_archived()
        self.status, self.updated_at = "published", now

    def unpublish(self, now: datetime) -> None:
        """Back to a draft. Raises: Conflict("not_published")."""
        if not self.is_published:
            raise Conflict("not_published", course_status=self.status)
        self.status, self.updated_at = "draft", now

    def archive(self, now: datetime) -> None:
        """Raises: Conflict("course_archived"), Conflict("not_published")."""
        self.require_not_archived()
        if not self.is_published:
            raise Conflict("not_published", course_status=self.status)
        self.status, self.updated_at = "archived", now

    def unarchive(self, now: datetime) -> None:
        """Raises: Conflict("not_archived")."""
        if not self.is_archived:
            raise Conflict("not_archived", course_status=self.status)
        self.status, self.updated_at = "published", now

    def require_not_archived(self) -> None:
        """Raises: Conflict("course_archived")."""
        if self.is_archived:
            raise Conflict("course_archived")


class CourseTeacher(Base):
    """A co-teacher: teaches like the owner, but neither deletes the course nor names teachers."""

    __tablename__ = "course_teachers"

    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    added_at: Mapped[datetime]

    id = synonym("user_id")  # beneath a course, the user is the key

    #: Not a column: what ``load_cards`` has found during the request.
    card = None

    def etag_parts(self, request: Request) -> list[Any]:
        # The representation shows the user, whose name changes without touching this row.
        if self.card is None:
            request.represent(self)
        return [self.card]

    __table_args__ = (PrimaryKeyConstraint("course_id", "user_id", info={"conflict": "already_staff"}),)
