"""What happens to lessons."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class LessonPublished(Event):
    """A lesson became visible to the students of a published course."""

    public_type = "lesson.published"

    lesson_id: UUID
    course_id: UUID
    title: str
    by_user_id: UUID
