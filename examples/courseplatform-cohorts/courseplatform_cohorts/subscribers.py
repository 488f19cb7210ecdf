"""Reactions of cohorts."""

from plugins.accounts.api import UserForgotten
from plugins.enrollments.api import StudentEnrolled, StudentLeft

from . import operations


def take_a_seat(event: StudentEnrolled) -> None:
    """Who enrols themselves gets a seat in an open cohort, if the course has some. Raises: Conflict("cohort_full")."""
    if event.by_user_id == event.student_id:
        operations.seat_newcomer(
            event.request,
            enrollment_id=event.enrollment_id,
            student_id=event.student_id,
            course_id=event.course_id,
        )


def give_seat_back(event: StudentLeft) -> None:
    operations.seat(
        event.request,
        enrollment_id=event.enrollment_id,
        student_id=event.student_id,
        course_id=event.course_id,
        cohort_id=None,
    )


def forget_student(event: UserForgotten) -> None:
    """An erased user sits nowhere any more."""
    operations.free_seats(event.request, operations.seats_of(event.request, event.user_id))
