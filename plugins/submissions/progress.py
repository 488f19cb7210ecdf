"""What submissions count in a course, as SQL."""

from typing import Any

from sqlalchemy import Select, func, select

from plugins.assignments.api import Assignment
from plugins.lessons.api import Lesson

from .models import Submission


def count_in_course(course_id: Any) -> Select[Any]:
    """Every piece of work in a course."""
    return (
        select(func.count(Submission.id))
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .where(Lesson.course_id == course_id)
    )


def count_required(course_id: Any) -> Select[Any]:
    """Required assignments that students of the course can see."""
    return (
        select(func.count(Assignment.id.distinct()))
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .where(Lesson.course_id == course_id, Lesson.is_published, Assignment.is_published, Assignment.is_required)
    )


def count_passed(course_id: Any, student_id: Any) -> Select[Any]:
    """Those of the required assignments that the student has passed, with whichever attempt."""
    # A join, not an EXISTS: the arguments may be columns of the enclosing statement, one level up and no deeper.
    return (
        count_required(course_id)
        .join(Submission, Submission.assignment_id == Assignment.id)
        .where(
            Submission.student_id == student_id,
            Submission.status == "checked",
            Submission.grade >= Assignment.pass_points,
        )
    )
