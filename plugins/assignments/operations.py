"""Verbs of assignments."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from courseplatform.api import Fault, Invalid, NotFound, Request, is_held
from plugins.courses.api import Course
from plugins.enrollments.api import recheck_course
from plugins.lessons.api import Lesson

from .events import AssignmentDatesChanged, AssignmentDeleted, AssignmentPointsChanged, AssignmentPublished
from .models import Assignment

#: A change of these may complete or reopen what students have done.
COUNTING = ("is_published", "is_required", "pass_points")
#: These must not contradict each other.
CONSISTENT = ("due_at", "lock_at", "max_points", "pass_points")


def create_assignment(
    request: Request, *, lesson_id: UUID, course_id: UUID, by_user_id: UUID, **fields: Any
) -> Assignment:
    """Make an assignment from the fields of ``AssignmentBody``. Emits ``AssignmentPublished`` if students can see it.

    Raises: Invalid for dates or points that contradict each other.
    """
    fields = {"due_at": None, "lock_at": None, "max_points": 100, "pass_points": 0, "is_published": True, **fields}
    check_consistency(fields, fields)
    assignment = Assignment(lesson_id=lesson_id, created_at=request.now, **fields)
    request.db.add(assignment)
    request.db.flush()
    if assignment.is_published:
        announce(request, assignment, course_id=course_id, by_user_id=by_user_id)
        recheck_course(request, course_id)
    return assignment


def update_assignment(
    request: Request, assignment: Assignment, changes: dict[str, Any], *, course_id: UUID, by_user_id: UUID
) -> None:
    """Apply changed fields. Emits ``AssignmentPointsChanged``, ``AssignmentDatesChanged``, ``AssignmentPublished``.

    Raises: Invalid for dates or points that contradict each other; Conflict("grades_exceed") from submissions.
    """
    changes = {name: value for name, value in changes.items() if getattr(assignment, name) != value}
    before = {name: getattr(assignment, name) for name in changes}
    check_consistency({name: getattr(assignment, name) for name in CONSISTENT} | changes, changes)
    for name, value in changes.items():
        setattr(assignment, name, value)
    request.db.flush()
    if "max_points" in before:
        request.emit(
            AssignmentPointsChanged(
                assignment_id=assignment.id,
                old_max_points=before["max_points"],
                max_points=assignment.max_points,
                by_user_id=by_user_id,
            )
        )
    if "due_at" in before or "lock_at" in before:
        request.emit(
            AssignmentDatesChanged(
                assignment_id=assignment.id,
                lesson_id=assignment.lesson_id,
                course_id=course_id,
                title=assignment.title,
                due_at=assignment.due_at,
                is_due_date_changed="due_at" in before,
                by_user_id=by_user_id,
            )
        )
    if before.get("is_published") is False:
        announce(request, assignment, course_id=course_id, by_user_id=by_user_id)
    if any(name in before for name in COUNTING):
        recheck_course(request, course_id)


def delete_assignment(request: Request, assignment: Assignment, *, course_id: UUID, by_user_id: UUID) -> None:
    """Remove an assignment. Emits ``AssignmentDeleted``. Raises: Conflict("has_submissions") from submissions."""
    request.emit(
        AssignmentDeleted(
            assignment_id=assignment.id, lesson_id=assignment.lesson_id, course_id=course_id, by_user_id=by_user_id
        )
    )
    request.db.execute(delete(Assignment).where(Assignment.id == assignment.id))
    recheck_course(request, course_id)


def reread_assignment(request: Request, assignment: Assignment, *, is_holding: bool = False) -> None:
    """Make the row what is committed by now: it was read before its children's locks were waited for. Raises: NotFound.

    It takes no statement where the request's address is beneath the assignment, which is held then.
    ``is_holding``: dates and points also stay so until the commit. Only for those who have locked no submission yet:
    who moves the dates locks the assignment first, then its submissions.
    """
    if is_held(request, assignment):
        return
    found = select(Assignment).where(Assignment.id == assignment.id).execution_options(populate_existing=True)
    if is_holding:
        found = found.with_for_update(read=True)
    if request.db.scalars(found).one_or_none() is None:
        raise NotFound()


def announce(request: Request, assignment: Assignment, *, course_id: UUID, by_user_id: UUID) -> None:
    """Emit ``AssignmentPublished``, unless lesson or course still hide it."""
    lesson, course = request.db.get(Lesson, assignment.lesson_id), request.db.get(Course, course_id)
    if lesson.is_published and course.is_published:
        request.emit(
            AssignmentPublished(
                assignment_id=assignment.id,
                lesson_id=assignment.lesson_id,
                course_id=course_id,
                title=assignment.title,
                by_user_id=by_user_id,
            )
        )


def check_consistency(values: dict[str, Any], changes: dict[str, Any]) -> None:
    """Raises: Invalid naming, of each pair that contradicts itself, the side that the caller changed."""
    found = []
    if values["due_at"] and values["lock_at"] and values["due_at"] > values["lock_at"]:
        if "lock_at" in changes:
            found.append(Fault("body", "lock_at", "must not be before due_at"))
        else:
            found.append(Fault("body", "due_at", "must not be after lock_at"))
    if values["pass_points"] > values["max_points"]:
        if "pass_points" in changes:
            found.append(Fault("body", "pass_points", "must not be more than max_points"))
        else:
            found.append(Fault("body", "max_points", "must not be less than pass_points"))
    if found:
        raise Invalid(errors=found)
