"""Verbs of enrollments."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from courseplatform.api import Conflict, Invalid, NotFound, Request
from plugins.accounts.api import get_active_user
from plugins.courses.api import Course, is_named_staff

from .events import RequirementsChanged, StudentEnrolled, StudentLeft
from .jobs import complete_finished
from .models import Enrollment
from .progress import refresh_progress
from .roles import studies


def enrol(request: Request, *, course: Course, student_id: UUID, by_user_id: UUID) -> tuple[Enrollment, bool]:
    """Let a student take a course, or come back to it: (enrollment, whether the row is new). Idempotent.

    Emits ``StudentEnrolled``, unless the student takes the course already.
    Raises: Conflict("course_archived" | "is_staff"); Conflict("enrollment_removed") for those who enrol themselves;
    Invalid if staff name someone who is no active user.
    """
    is_self = student_id == by_user_id
    if not is_self and get_active_user(request, student_id) is None:
        raise Invalid.field("student_id", "must be an active user")
    course = hold_course(request, course.id)
    course.require_not_archived()
    if is_named_staff(request, course.id, student_id):
        raise Conflict("is_staff")
    return take_up(request, course=course, student_id=student_id, by_user_id=by_user_id)


def take_up(
    request: Request, *, course: Course, student_id: UUID, by_user_id: UUID, known: Enrollment | None = None
) -> tuple[Enrollment, bool]:
    """What ``enrol`` does for someone who may be a student of a course that is held. ``known``: the locked row."""
    enrollment = known or insert_enrollment(request, course.id, student_id)
    is_new = known is None and enrollment is not None
    if enrollment is None:
        enrollment = find_enrollment(request, course.id, student_id, is_locking=True)
    if not is_new:
        if enrollment.is_enrolled:
            return enrollment, False
        if enrollment.is_removed and student_id == by_user_id:
            raise Conflict("enrollment_removed")
        enrollment.come_back()
        request.db.flush()
    request.emit(
        StudentEnrolled(
            enrollment_id=enrollment.id,
            course_id=course.id,
            course_title=course.title,
            student_id=student_id,
            by_user_id=by_user_id,
        )
    )
    if not is_new:
        # What the course requires may have shrunk meanwhile to what they have done.
        refresh_progress(request, course_id=course.id, student_id=student_id)
    return enrollment, is_new


def hold_course(request: Request, course_id: UUID, *, is_alone: bool = False) -> Course:
    """The course as it is, neither archived nor given other teachers before this transaction ends.

    A shared lock: students don't wait for each other. ``is_alone``: whoever else enrols waits. Raises: NotFound.
    """
    locked = select(Course).where(Course.id == course_id)
    locked = locked.with_for_update(key_share=True) if is_alone else locked.with_for_update(read=True)
    course = request.db.scalars(locked.execution_options(populate_existing=True)).one_or_none()
    if course is None:
        raise NotFound()
    return course


def insert_enrollment(request: Request, course_id: UUID, student_id: UUID) -> Enrollment | None:
    """A new active enrollment; None if there is one of whatever status, also one made at this very moment."""
    statement = (
        insert(Enrollment)
        .values(course_id=course_id, student_id=student_id, status="active", enrolled_at=request.now)
        .on_conflict_do_nothing(index_elements=[Enrollment.course_id, Enrollment.student_id])
        .returning(Enrollment)
    )
    return request.db.scalars(statement).one_or_none()


def find_enrollment(request: Request, course_id: UUID, student_id: UUID, *, is_locking: bool = False) -> Any:
    """The enrollment of a student in a course, or None."""
    found = select(Enrollment).where(Enrollment.course_id == course_id, Enrollment.student_id == student_id)
    if is_locking:
        found = found.with_for_update(key_share=True).execution_options(populate_existing=True)
    return request.db.scalars(found).one_or_none()


def lock_enrollments(request: Request, course_id: UUID, student_ids: Iterable[UUID]) -> dict[UUID, Enrollment]:
    """The enrollments that many students have, by student; locked in the order of their ids, as everyone does."""
    theirs = select(Enrollment).where(Enrollment.course_id == course_id, Enrollment.student_id.in_(list(student_ids)))
    locked = theirs.order_by(Enrollment.id).with_for_update(key_share=True)
    found = request.db.scalars(locked.execution_options(populate_existing=True))
    return {enrollment.student_id: enrollment for enrollment in found}


def is_enrolled(request: Request, course_id: UUID, student_id: UUID) -> bool:
    """Whether a student takes the course now (active or completed)."""
    return bool(request.db.scalar(select(studies(literal(student_id), literal(course_id)))))


def drop_enrollment(request: Request, enrollment: Enrollment) -> None:
    """The student leaves; submissions, grades and certificates stay readable. Idempotent. Emits ``StudentLeft``."""
    was_enrolled = enrollment.is_enrolled
    enrollment.drop()
    request.db.flush()
    if was_enrolled:
        tell_left(request, enrollment, by_user_id=enrollment.student_id)


def remove_enrollment(request: Request, enrollment: Enrollment, *, by_user_id: UUID) -> None:
    """Staff send a student away; only staff can undo it. Idempotent. Emits ``StudentLeft``."""
    was_enrolled = enrollment.is_enrolled
    enrollment.remove()
    request.db.flush()
    if was_enrolled:
        tell_left(request, enrollment, by_user_id=by_user_id)


def tell_left(request: Request, enrollment: Enrollment, *, by_user_id: UUID) -> None:
    request.emit(
        StudentLeft(
            enrollment_id=enrollment.id,
            course_id=enrollment.course_id,
            student_id=enrollment.student_id,
            status=enrollment.status,
            by_user_id=by_user_id,
        )
    )


def recheck_course(request: Request, course_id: UUID) -> None:
    """Enqueue a look at who has completed the course, after what it requires has changed: ``RequirementsChanged``."""
    request.enqueue(complete_finished, course_id=course_id)
    request.emit(RequirementsChanged(course_id=course_id))


def drop_all(request: Request, student_id: UUID) -> None:
    """A leaving user takes part nowhere any more; completed courses stay completed."""
    active = update(Enrollment).where(Enrollment.student_id == student_id, Enrollment.status == "active")
    request.db.execute(active.values(status="dropped"))


def delete_all(request: Request, course_id: UUID) -> None:
    """Delete the enrollments of a course that is deleted by force."""
    request.db.execute(delete(Enrollment).where(Enrollment.course_id == course_id))


def count_enrollments(course_id: UUID) -> Select[Any]:
    """SQL: how many enrollments hold a course."""
    return select(func.count()).select_from(Enrollment).where(Enrollment.course_id == course_id)
