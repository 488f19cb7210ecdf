"""What happens to courses."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class CourseEvent(Event):
    course_id: UUID
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class CourseCreated(CourseEvent):
    """``status``: draft or published; of one that is made published there is no ``CoursePublished``."""

    public_type, public_fields = "course.created", ("status",)

    status: str


@dataclass(frozen=True, kw_only=True)
class CoursePublished(CourseEvent):
    """A course became visible. Raise to refuse."""

    public_type = "course.published"


@dataclass(frozen=True, kw_only=True)
class CourseUnpublished(CourseEvent):
    """A course became a draft again."""

    public_type = "course.unpublished"


@dataclass(frozen=True, kw_only=True)
class CourseArchived(CourseEvent):
    """Nobody takes part in a course any more."""

    public_type = "course.archived"


@dataclass(frozen=True, kw_only=True)
class CourseUnarchived(CourseEvent):
    """An archived course is open again."""

    public_type = "course.unarchived"


@dataclass(frozen=True, kw_only=True)
class CourseDeleted(CourseEvent):
    """A course is about to go. With ``is_forced`` subscribers remove their rows that would hold it."""

    public_type = "course.deleted"

    is_forced: bool


@dataclass(frozen=True, kw_only=True)
class CourseTeacherAdded(CourseEvent):
    """Someone joins the staff of a course, as co-teacher or new owner. Raise to refuse."""

    public_type = "course.teacher_added"

    user_id: UUID
