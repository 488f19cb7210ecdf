"""Verbs of teachers on students' work: grade it, give it back."""

from uuid import UUID

from sqlalchemy import exists, select

from courseplatform.api import Conflict, Forbidden, Invalid, Request
from plugins.assignments.api import Assignment, reread_assignment
from plugins.courses.api import Course
from plugins.enrollments.api import refresh_progress

from .events import SubmissionGraded, SubmissionReturned
from .models import GradeChange, Submission
from .operations import subject


def grade_submission(
    request: Request,
    *,
    submission: Submission,
    assignment: Assignment,
    course: Course,
    by_user_id: UUID,
    grade: int,
    feedback: str = "",
    reason: str = "",
) -> None:
    """Check an attempt, or change its grade (in points). Adds a ``GradeChange``, emits ``SubmissionGraded``.

    The submission's row must be locked. Raises: Forbidden("own_work"); Conflict("not_submitted"); Invalid for a grade
    above the maximum, and for a missing reason if the attempt was checked before.
    """
    require_checkable(submission, by_user_id)
    reread_assignment(request, assignment)
    give_grade(
        request,
        submission=submission,
        assignment=assignment,
        course=course,
        by_user_id=by_user_id,
        grade=grade,
        feedback=feedback,
        reason=reason,
    )


def give_grade(
    request: Request,
    *,
    submission: Submission,
    assignment: Assignment,
    course: Course,
    by_user_id: UUID,
    grade: int,
    feedback: str = "",
    reason: str = "",
    may_complete: bool = True,
) -> None:
    """What ``grade_submission`` does once work can be checked and its assignment is as the database has it now.

    ``may_complete``: False if the student is known to lack more than this grade for completing the course.
    """
    if grade > assignment.max_points:
        raise Invalid.field("grade", f"must be between 0 and {assignment.max_points}")
    is_first = not was_checked(request, submission)
    if not is_first and not reason:
        raise Invalid.field("reason", "is required: the work was checked before")
    record(request, submission, grade, by_user_id=by_user_id, reason=reason)
    submission.status, submission.checked_at = "checked", request.now
    submission.feedback = feedback
    request.db.flush()
    request.audit(
        "submission.graded",
        user_id=by_user_id,
        target_user_id=submission.student_id,
        submission_id=submission.id,
        grade_points=grade,
    )
    request.emit(
        SubmissionGraded(**subject(submission, assignment, course, by_user_id), grade_points=grade, is_first=is_first)
    )
    if may_complete:
        refresh_progress(request, course_id=course.id, student_id=submission.student_id)


def return_submission(
    request: Request,
    *,
    submission: Submission,
    assignment: Assignment,
    course: Course,
    by_user_id: UUID,
    feedback: str,
) -> None:
    """Give an attempt back for another try; a grade it had is withdrawn, on record. Emits ``SubmissionReturned``.

    The submission's row must be locked. Raises: Forbidden("own_work"); Conflict("not_submitted").
    """
    require_checkable(submission, by_user_id)
    had_grade = submission.is_checked
    if had_grade:
        record(request, submission, None, by_user_id=by_user_id, reason=feedback)
    submission.status, submission.checked_at = "returned", None
    submission.feedback = feedback
    request.db.flush()
    request.audit(
        "submission.returned", user_id=by_user_id, target_user_id=submission.student_id, submission_id=submission.id
    )
    request.emit(SubmissionReturned(**subject(submission, assignment, course, by_user_id)))
    if had_grade:
        refresh_progress(request, course_id=course.id, student_id=submission.student_id)


def require_checkable(submission: Submission, by_user_id: UUID) -> None:
    """Raises: Forbidden("own_work"), Conflict("not_submitted")."""
    if submission.student_id == by_user_id:
        raise Forbidden("own_work")
    if submission.is_draft:
        raise Conflict("not_submitted")


def was_checked(request: Request, submission: Submission) -> bool:
    """Whether there ever was a grade, also one that a return has withdrawn."""
    if submission.status == "returned":
        return bool(request.db.scalar(select(exists().where(GradeChange.submission_id == submission.id))))
    return submission.is_checked


def record(request: Request, submission: Submission, grade: int | None, *, by_user_id: UUID, reason: str) -> None:
    """Set the grade, and add a line to its history."""
    request.db.add(
        GradeChange(
            submission_id=submission.id,
            by_user_id=by_user_id,
            old_points=submission.grade,
            new_points=grade,
            reason=reason,
            created_at=request.now,
        )
    )
    submission.grade = grade
