"""Who can see a submission now. Asked before somebody is told of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from courseplatform.api import Request
from plugins.assignments.api import Assignment
from plugins.courses.api import Course
from plugins.lessons.api import Lesson, meant_for

from .models import Submission


def submission_audience(request: Request, submission_id: UUID, told: Mapping[str, Any]) -> set[str]:
    """Its student while nothing above it is hidden; nobody if it is gone, a draft, or in another status than told."""
    found = (
        select(Submission.status, Assignment.is_published & Lesson.is_published & (Course.status != "draft"))
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .join(Course, Course.id == Lesson.course_id)
    )
    row = request.db.execute(found.where(Submission.id == submission_id)).one_or_none()
    if row is None or row.status == "draft" or told.get("status", row.status) != row.status:
        return set()
    return {"teacher", "participant"} if row[1] else {"teacher"}


def may_know_submission(
    request: Request, user_id: Any, submission_id: UUID, told: Mapping[str, Any]
) -> ColumnElement[bool]:
    """SQL: whether its lesson is meant for a student of the course; else it is 404 to them."""
    found = select(Submission.id).join(Assignment, Assignment.id == Submission.assignment_id)
    found = found.where(Submission.id == submission_id, *meant_for(request, user_id, Assignment.lesson_id))
    return exists(found.correlate_except(Submission, Assignment))
