"""Reactions of certificates."""

from plugins.accounts.api import UserErased
from plugins.enrollments.api import CourseCompleted

from . import jobs, operations


def apply_rule(event: CourseCompleted) -> None:
    """Who has done all gets a certificate, soon after."""
    event.request.enqueue(jobs.issue_earned_certificate, course_id=event.course_id, student_id=event.student_id)


def redact_name(event: UserErased) -> None:
    """Certificates stay, without the name."""
    operations.redact_student(event.request, event.user_id)
