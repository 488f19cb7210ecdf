"""What counts, as SQL: one grade for each student and assignment.

It is what progress counts: an assignment is passed with whichever checked attempt, so the best one stands in its cell;
where none is checked, the latest. Totals are over the assignments that the student can see: published, and meant for
them.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from courseplatform.api import Request
from plugins.assignments.api import Assignment
from plugins.lessons.api import Lesson, meant_for
from plugins.submissions.api import Submission

from .models import GradedStudent


class Cell(NamedTuple):
    """``needs_grading``: work was handed in that nobody has checked. ``counts``: in the student's totals."""

    student_id: UUID
    assignment_id: UUID
    submission_id: UUID
    attempt: int
    status: str
    grade: int | None
    is_late: bool
    is_passed: bool
    needs_grading: bool
    counts: bool


def assignments_in(request: Request, course_id: UUID) -> list[Any]:
    """(assignment, whether students can see it), in the order of the lessons."""
    found = (
        select(Assignment, is_visible())
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .where(Lesson.course_id == course_id)
        .order_by(Lesson.position, Assignment.id)
    )
    return list(request.db.execute(found))


def is_visible() -> ColumnElement[bool]:
    return and_(Lesson.is_published, Assignment.is_published)


def cells_of(request: Request, course_id: UUID, student_ids: Collection[UUID]) -> dict[UUID, list[Cell]]:
    """The cells with something in them, by student, in one statement."""
    is_checked = Submission.status == "checked"
    pair = (Submission.student_id, Submission.assignment_id)
    found = (
        select(
            *pair,
            Submission.id,
            Submission.attempt,
            Submission.status,
            Submission.grade,
            Submission.is_late,
            and_(is_checked, Submission.grade >= Assignment.pass_points),
            func.bool_or(Submission.status == "submitted").over(partition_by=pair),
            and_(is_visible(), *meant_for(request, Submission.student_id, Lesson.id)),
        )
        .ext(distinct_on(*pair))
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .where(Lesson.course_id == course_id, Submission.student_id.in_(student_ids), Submission.status != "draft")
        .order_by(*pair, is_checked.desc(), Submission.grade.desc().nulls_last(), Submission.attempt.desc())
    )
    cells: dict[UUID, list[Cell]] = defaultdict(list)
    for row in request.db.execute(found):
        cells[row[0]].append(Cell(*row))
    return cells


def max_points_of(request: Request, course_id: UUID, student_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many points there are to have, by student, in one statement."""
    points = (
        select(func.coalesce(func.sum(Assignment.max_points), 0))
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .where(Lesson.course_id == course_id, is_visible(), *meant_for(request, GradedStudent.student_id, Lesson.id))
        .correlate(GradedStudent)
        .scalar_subquery()
    )
    theirs = GradedStudent.student_id.in_(student_ids)
    found = select(GradedStudent.student_id, points).where(GradedStudent.course_id == course_id, theirs)
    return dict(request.db.execute(found).all())


def total_of(cells: list[Cell]) -> int:
    return sum(cell.grade or 0 for cell in cells if cell.counts and cell.status == "checked")
