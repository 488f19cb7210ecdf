"""What an export of the own data says of submissions."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request
from plugins.assignments.api import Assignment
from plugins.lessons.api import Lesson

from .models import GradeChange, Submission
from .representations import submission_json


def submissions(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    """Every attempt with its grades' history; of a file its name, its hash and its address."""
    own = (
        select(Submission, Lesson.id, Lesson.course_id)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .where(Submission.student_id == user_id)
        .order_by(Submission.id)
    )
    changes = grade_changes(request, user_id)
    return [
        {
            **with_address(submission_json(request, submission), course_id, lesson_id),
            "grade_changes": changes[submission.id],
        }
        for submission, lesson_id, course_id in request.db.execute(own)
    ]


def with_address(body: dict[str, Any], course_id: UUID, lesson_id: UUID) -> dict[str, Any]:
    if body["file"] is None:
        return body
    beneath = f"/api/courses/{course_id}/lessons/{lesson_id}/assignments/{body['assignment_id']}/submissions"
    return {**body, "file": {**body["file"], "url": f"{beneath}/{body['id']}/file/"}}


def grade_changes(request: Request, user_id: UUID) -> dict[UUID, list[dict[str, Any]]]:
    """By submission."""
    theirs = (
        select(GradeChange)
        .join(Submission, Submission.id == GradeChange.submission_id)
        .where(Submission.student_id == user_id)
        .order_by(GradeChange.id)
    )
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for change in request.db.scalars(theirs):
        found[change.submission_id].append(
            {
                "old_points": change.old_points,
                "new_points": change.new_points,
                "reason": change.reason,
                "created_at": change.created_at,
            }
        )
    return found
