"""Whose work a submission is, as SQL."""

from typing import Any

from sqlalchemy import ColumnElement, exists, select

from plugins.assignments.api import Assignment
from plugins.enrollments.api import studies
from plugins.lessons.api import Lesson

from .models import Submission


def wrote(user_id: Any, submission_id: Any) -> ColumnElement[bool]:
    """The student whose work it is, while taking the course."""
    return exists(
        select(Submission.id)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .where(Submission.id == submission_id, Submission.student_id == user_id, studies(user_id, Lesson.course_id))
    )
