from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from uuid_utils.compat import uuid7


class Base(DeclarativeBase):
    type_annotation_map = {str: Text(), datetime: DateTime(timezone=True), dict[str, Any]: JSONB, list[Any]: JSONB}


class User(Base):
    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    username: Mapped[str]
    email: Mapped[str]
    password_hash: Mapped[str | None]
    role: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    locale: Mapped[str]
    is_active: Mapped[bool]


class Course(Base):
    __tablename__ = "courses"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    title: Mapped[str]
    description: Mapped[str]
    teacher_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    review_count: Mapped[int]
    rating_sum: Mapped[int]

    teacher: Mapped[User] = relationship(lazy="raise")

    @property
    def review_average(self) -> float | None:
        return round(self.rating_sum / self.review_count, 2) if self.review_count else None


class CourseTeacher(Base):
    __tablename__ = "course_teachers"

    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)


class Enrollment(Base):
    __tablename__ = "enrollments"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str]

    student: Mapped[User] = relationship(lazy="raise")


class Lesson(Base):
    __tablename__ = "lessons"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    title: Mapped[str]
    description: Mapped[str]
    materials: Mapped[list[Any]]
    position: Mapped[int]
    is_published: Mapped[bool]
    is_required: Mapped[bool]
    created_at: Mapped[datetime]

    course: Mapped[Course] = relationship(lazy="raise")


class LessonCompletion(Base):
    __tablename__ = "lesson_completions"

    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id"), primary_key=True)
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)


class Assignment(Base):
    __tablename__ = "assignments"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id"))
    title: Mapped[str]
    due_at: Mapped[datetime | None]
    lock_at: Mapped[datetime | None]
    max_points: Mapped[int]
    pass_points: Mapped[int]
    max_attempts: Mapped[int | None]
    is_published: Mapped[bool]
    is_required: Mapped[bool]

    lesson: Mapped[Lesson] = relationship(lazy="raise")


class Submission(Base):
    __tablename__ = "submissions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    attempt: Mapped[int]
    text: Mapped[str] = mapped_column(default="")
    file_key: Mapped[str | None]
    file_name: Mapped[str | None]
    file_size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    file_content_type: Mapped[str | None]
    file_sha256: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="submitted")
    grade: Mapped[int | None]
    feedback: Mapped[str] = mapped_column(default="")
    is_late: Mapped[bool]
    content_sha256: Mapped[str | None]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    deadline_due_at: Mapped[datetime | None]
    deadline_lock_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]

    assignment: Mapped[Assignment] = relationship(lazy="raise")
    student: Mapped[User] = relationship(lazy="raise")

    @property
    def is_checked(self) -> bool:
        return self.status == "checked"

    @property
    def file(self) -> "Submission | None":
        return self if self.file_key else None

    @property
    def receipt(self) -> "Submission | None":
        return self if self.content_sha256 else None


class Notification(Base):
    __tablename__ = "notifications"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    message: Mapped[str]
    subject: Mapped[dict[str, Any] | None]
    event_id: Mapped[UUID]
    sequence: Mapped[int] = mapped_column(default=0)
    is_read: Mapped[bool] = mapped_column(default=False)
    is_listed: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
