"""What submissions count in a course, as SQL."""

from typing import Any

from sqlalchemy import Select, func, select

from courseplatform.api import Request
from plugins.assignments.api import Assignment
from plugins.lessons.api import Lesson, meant_for

from .models import Submission


def count_in_course(course_id: Any) -> Select[Any]:
    """Every piece of work in a course."""
    return (
        select(func.count(Submission.id))
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .where(Lesson.course_id == course_id)
    )


def count_required(request: Request, course_id: Any, student_id: Any) -> Select[Any]:
    """Required assignments that the student can see, while taking the course."""
    return (
        select(func.count(Assignment.id.distinct()))
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .where(Lesson.course_id == course_id, Lesson.is_published, Assignment.is_published, Assignment.is_required)
        .where(*meant_for(request, student_id, Lesson.id))
    )


def count_passed(request: Request, course_id: Any, student_id: Any) -> Select[Any]:
    """Those of the required assignments that the student has passed, with whichever attempt."""
    # A join, not an EXISTS: the arguments may be columns of the enclosing statement, one level up and no deeper.
    return (
        count_required(request, course_id, student_id)
        .join(Submission, Submission.assignment_id == Assignment.id)
        .where(
            Submission.student_id == student_id,
            Submission.status == "checked",
            Submission.grade >= Assignment.pass_points,
        )
    )
