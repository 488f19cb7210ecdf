"""Reactions of cohorts."""

from plugins.accounts.api import UserForgotten
from plugins.enrollments.api import StudentEnrolled, StudentLeft

from .models import CohortMember
from .operations import free_seats, seat_newcomer


def take_a_seat(event: StudentEnrolled) -> None:
    """Who enrols themselves gets a seat in an open cohort, if the course has some. Raises: Conflict("cohort_full")."""
    if event.by_user_id == event.student_id:
        seat_newcomer(
            event.request,
            enrollment_id=event.enrollment_id,
            student_id=event.student_id,
            course_id=event.course_id,
        )


def give_seat_back(event: StudentLeft) -> None:
    free_seats(event.request, CohortMember.enrollment_id == event.enrollment_id)


def forget_student(event: UserForgotten) -> None:
    """An erased user sits nowhere any more."""
    free_seats(event.request, CohortMember.student_id == event.user_id)
