"""Reactions of submissions to what happens to assignments and courses."""

from sqlalchemy import ColumnElement, delete, func, select, update

from courseplatform.api import Conflict, Request
from plugins.assignments.api import (
    AssignmentDatesChanged,
    AssignmentDeleted,
    AssignmentPointsChanged,
    StudentDatesChanged,
    assignments_of,
    due_at_of,
)
from plugins.courses.api import CourseDeleted

from .models import Submission


def recompute_lateness(event: AssignmentDatesChanged | StudentDatesChanged) -> None:
    """Judge everything that was handed in by its student's present due date; points stay.

    Every row is written, drafts too: only so do we wait for students who are handing them in by the old date.
    """
    judged = update(Submission).where(*whose_dates_moved(event)).values(is_late=is_late_now(event.request))
    event.request.db.execute(judged.execution_options(synchronize_session=False))


def whose_dates_moved(event: AssignmentDatesChanged | StudentDatesChanged) -> list[ColumnElement[bool]]:
    """SQL: the work that may have become late, or timely."""
    where = [Submission.assignment_id == event.assignment_id]
    if event.assignment_id is None:
        where = [Submission.assignment_id.in_(assignments_of(event.course_id))]
    if isinstance(event, StudentDatesChanged) and event.student_id is not None:
        where.append(Submission.student_id == event.student_id)
    return where


def is_late_now(request: Request) -> ColumnElement[bool]:
    """SQL: whether a piece of work is late by its student's present due date."""
    due_at = due_at_of(request, Submission.student_id, Submission.assignment_id)
    return func.coalesce(Submission.submitted_at > due_at, False)


def keep_grades_valid(event: AssignmentPointsChanged) -> None:
    """Raises: Conflict("grades_exceed") if a grade was given above the new maximum."""
    if event.max_points >= event.old_max_points:
        return
    # Locked, all of them: who is grading by the old maximum is waited for, who comes later finds the new one.
    grades = select(Submission.grade).where(Submission.assignment_id == event.assignment_id).with_for_update(read=True)
    highest = max((grade for grade in event.request.db.scalars(grades) if grade is not None), default=0)
    if highest > event.max_points:
        raise Conflict("grades_exceed", highest_grade=highest, max_points=event.max_points)


def keep_assignment_with_work(event: AssignmentDeleted) -> None:
    """Raises: Conflict("has_submissions"). The foreign key says the same to whoever is quicker."""
    found = select(func.count()).where(Submission.assignment_id == event.assignment_id)
    if count := event.request.db.scalar(found):
        raise Conflict("has_submissions", submission_count=count)


def delete_work_of_course(event: CourseDeleted) -> None:
    """A forced deletion takes students' work along, their files after the commit."""
    if not event.is_forced:
        return
    gone = delete(Submission).where(Submission.assignment_id.in_(assignments_of(event.course_id)))
    gone = gone.returning(Submission.file_key)
    for key in event.request.db.scalars(gone.execution_options(synchronize_session=False)):
        if key is not None:
            event.request.delete_file(key)
