"""What happens to courses."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class CoursePublished(Event):
    """A course became visible. Raise to refuse."""

    course_id: UUID
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class CourseDeleted(Event):
    """A course is about to go. With ``is_forced`` subscribers remove their rows that would hold it."""

    course_id: UUID
    is_forced: bool
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class CourseTeacherAdded(Event):
    """Someone joins the staff of a course, as co-teacher or new owner. Raise to refuse."""

    course_id: UUID
    user_id: UUID
    by_user_id: UUID
