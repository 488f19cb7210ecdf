"""Who can see an assignment now. Asked before somebody is told of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select

from courseplatform.api import Request
from plugins.courses.api import Course
from plugins.lessons.api import Lesson, meant_for

from .deadlines import due_at_of, own_dates
from .models import Assignment


def assignment_audience(request: Request, assignment_id: UUID, told: Mapping[str, Any]) -> set[str]:
    """Students if it, its lesson and the course are published; nobody if it is gone or due at another time.

    Where students have dates of their own, ``may_know_assignment`` compares.
    """
    found = (
        select(Assignment.due_at, Assignment.is_published & Lesson.is_published & (Course.status == "published"))
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .join(Course, Course.id == Lesson.course_id)
    )
    row = request.db.execute(found.where(Assignment.id == assignment_id)).one_or_none()
    if row is None or (own_dates(request) is None and told.get("due_at", row.due_at) != row.due_at):
        return set()
    return {"teacher", "student"} if row[1] else {"teacher"}


def may_know_assignment(
    request: Request, user_id: Any, assignment_id: UUID, told: Mapping[str, Any]
) -> ColumnElement[bool]:
    """SQL: whether a student of the course is meant: the lesson is for them, and what is told is their due date."""
    found = select(Assignment.id).where(
        Assignment.id == assignment_id, *meant_for(request, user_id, Assignment.lesson_id)
    )
    is_meant: ColumnElement[bool] = exists(found.correlate_except(Assignment))
    if "due_at" in told and own_dates(request) is not None:
        is_meant = and_(is_meant, due_at_of(request, user_id, assignment_id).is_not_distinct_from(told["due_at"]))
    return is_meant
