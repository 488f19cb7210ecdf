"""Which of a course's roles can see a submission now. Asked before somebody is told of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request
from plugins.assignments.api import Assignment
from plugins.courses.api import Course
from plugins.lessons.api import Lesson

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
