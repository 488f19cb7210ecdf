"""Reactions of enrollments."""

from courseplatform.api import Conflict
from plugins.accounts.api import UserForgotten
from plugins.courses.api import CourseDeleted, CourseTeacherAdded, lock_course

from .operations import delete_all, drop_all, is_enrolled


def refuse_enrolled_teacher(event: CourseTeacherAdded) -> None:
    """Nobody grades their own course: who takes it can't join its staff. Raises: Conflict("is_enrolled")."""
    # Waits for those who are enrolling now; who comes later finds the new teacher.
    lock_course(event.request, event.course_id)
    if is_enrolled(event.request, event.course_id, event.user_id):
        raise Conflict("is_enrolled")


def delete_enrollments(event: CourseDeleted) -> None:
    """Enrollments hold a course, unless it is deleted by force."""
    if event.is_forced:
        delete_all(event.request, event.course_id)


def drop_enrollments(event: UserForgotten) -> None:
    """An erased user is nobody's active student."""
    drop_all(event.request, event.user_id)
