"""Reactions of submissions to what happens to assignments and courses."""

from sqlalchemy import delete, exists, literal, select, update

from courseplatform.api import Conflict
from plugins.assignments.api import Assignment, AssignmentDatesChanged, AssignmentDeleted, AssignmentPointsChanged
from plugins.courses.api import CourseDeleted
from plugins.lessons.api import Lesson

from .models import Submission


def recompute_lateness(event: AssignmentDatesChanged) -> None:
    """Judge everything that was handed in by the new due date; points stay."""
    is_late = Submission.submitted_at > event.due_at if event.due_at is not None else literal(False)
    event.request.db.execute(
        update(Submission)
        .where(
            Submission.assignment_id == event.assignment_id,
            Submission.submitted_at.is_not(None),
            Submission.is_late != is_late,
        )
        .values(is_late=is_late)
        .execution_options(synchronize_session=False)
    )


def keep_grades_valid(event: AssignmentPointsChanged) -> None:
    """Raises: Conflict("grades_exceed") if a grade was given above the new maximum."""
    above = exists().where(Submission.assignment_id == event.assignment_id, Submission.grade > event.max_points)
    if event.request.db.scalar(select(above)):
        raise Conflict("grades_exceed")


def keep_assignment_with_work(event: AssignmentDeleted) -> None:
    """Raises: Conflict("has_submissions"). The foreign key says the same to whoever is quicker."""
    if event.request.db.scalar(select(exists().where(Submission.assignment_id == event.assignment_id))):
        raise Conflict("has_submissions")


def delete_work_of_course(event: CourseDeleted) -> None:
    """A forced deletion takes students' work along, their files after the commit."""
    if not event.is_forced:
        return
    assignment_ids = (
        select(Assignment.id).join(Lesson, Lesson.id == Assignment.lesson_id).where(Lesson.course_id == event.course_id)
    )
    gone = delete(Submission).where(Submission.assignment_id.in_(assignment_ids)).returning(Submission.file_key)
    for key in event.request.db.scalars(gone.execution_options(synchronize_session=False)):
        if key is not None:
            event.request.delete_file(key)
