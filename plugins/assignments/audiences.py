"""Which of a course's roles can see an assignment now. Asked before somebody is told of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request
from plugins.courses.api import Course
from plugins.lessons.api import Lesson

from .models import Assignment


def assignment_audience(request: Request, assignment_id: UUID, told: Mapping[str, Any]) -> set[str]:
    """Students if it, its lesson and the course are published; nobody if it is gone or due at another time."""
    found = (
        select(Assignment.due_at, Assignment.is_published & Lesson.is_published & (Course.status == "published"))
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .join(Course, Course.id == Lesson.course_id)
    )
    row = request.db.execute(found.where(Assignment.id == assignment_id)).one_or_none()
    if row is None or told.get("due_at", row.due_at) != row.due_at:
        return set()
    return {"teacher", "student"} if row[1] else {"teacher"}
