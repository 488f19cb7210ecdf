"""Grading many at once: each as ``grade_submission`` would, with what they have in common asked and locked once."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request, row_etag
from plugins.accounts.api import User
from plugins.assignments.api import Assignment, reread_assignment
from plugins.enrollments.api import lock_enrollments, nearly_done

from .grading import give_grade, require_checkable
from .models import Submission

#: How many lines of a sheet are read at a time.
CHUNK = 500

#: The columns of a sheet to fill in: those of ``GradeRow``, and what tells a teacher whose work it is.
ABOUT = ("username", "last_name", "first_name", "attempt", "status", "is_late", "submitted_at", "max_points")
SHEET = ("submission_id", "if_match", *ABOUT, "grade", "feedback", "reason")


class Work(NamedTuple):
    """Submissions by id, all locked; and those of whose students one grade may be the last thing that they lacked."""

    submissions: dict[UUID, Submission]
    nearly_done: set[UUID]


def hold_work(request: Request, *, assignment: Assignment, course_id: UUID, submission_ids: list[UUID]) -> Work:
    """The submissions to an assignment that are to be graded, with all that grading them needs to lock.

    In an order in which nobody waits in a circle: the assignment, which stays as it is; the work, then the enrollments,
    both in the order of their ids.
    """
    reread_assignment(request, assignment, is_holding=True)
    is_meant = (Submission.assignment_id == assignment.id, Submission.id.in_(submission_ids))
    locked = select(Submission).where(*is_meant).order_by(Submission.id).with_for_update(key_share=True)
    found = {submission.id: submission for submission in request.db.scalars(locked)}
    enrollments = lock_enrollments(request, course_id, {submission.student_id for submission in found.values()})
    return Work(found, nearly_done(request, [enrollment.id for enrollment in enrollments.values()]))


def grade_held(request: Request, *, work: Work, submission: Submission, by_user_id: UUID, **given: Any) -> None:
    """``grade_submission`` for one of the work that is held. Raises: as that does."""
    require_checkable(submission, by_user_id)
    may_complete = submission.student_id in work.nearly_done
    give_grade(request, submission=submission, by_user_id=by_user_id, may_complete=may_complete, **given)


def read_sheet(
    request: Request, *, assignment_id: UUID, max_points: int, status: str, after: UUID | None
) -> tuple[list[list[Any]], UUID | None]:
    """Some lines of the sheet of all work in a status, and the submission after which it goes on, None at its end."""
    found = (
        select(Submission, User)
        .join(User, User.id == Submission.student_id)
        .where(Submission.assignment_id == assignment_id, Submission.status == status)
        .order_by(Submission.id)
        .limit(CHUNK)
    )
    if after is not None:
        found = found.where(Submission.id > after)
    pairs = request.db.execute(found).all()
    lines = [
        [
            work.id, row_etag(request, work), user.username, user.last_name, user.first_name, work.attempt, work.status,
            work.is_late, work.submitted_at, max_points, work.grade, work.feedback, "",
        ]
        for work, user in pairs
    ]  # fmt: skip
    return lines, pairs[-1][0].id if len(pairs) == CHUNK else None
