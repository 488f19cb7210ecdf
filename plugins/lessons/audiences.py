"""Who can see a lesson now. Asked before somebody is told of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, true

from courseplatform.api import Request
from plugins.courses.api import Course

from .filters import meant_for
from .models import Lesson


def lesson_audience(request: Request, lesson_id: UUID, told: Mapping[str, Any]) -> set[str]:
    """Students if lesson and course are published; nobody if it is gone."""
    found = select(Lesson.is_published, Course.status).join(Course, Course.id == Lesson.course_id)
    row = request.db.execute(found.where(Lesson.id == lesson_id)).one_or_none()
    if row is None:
        return set()
    return {"teacher", "student"} if row.is_published and row.status == "published" else {"teacher"}


def may_know_lesson(request: Request, user_id: Any, lesson_id: UUID, told: Mapping[str, Any]) -> ColumnElement[bool]:
    """SQL: whether a student of the course is one for whom the lesson is meant."""
    return and_(true(), *meant_for(request, user_id, lesson_id))
