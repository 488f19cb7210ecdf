"""Reactions of certificates."""

from plugins.accounts.api import UserForgotten
from plugins.enrollments.api import CompletionConfirmed, CourseCompleted, RequirementsChanged

from . import jobs, operations
from .events import CertificateIssued


def apply_rule(event: CourseCompleted | CompletionConfirmed) -> None:
    """Who has done all gets a certificate, soon after.

    Also who completed the course before: the rule may have run in a moment in which something was missing again.
    """
    event.request.enqueue(jobs.issue_earned_certificate, course_id=event.course_id, student_id=event.student_id)


def look_for_missing(event: RequirementsChanged) -> None:
    """Who completed the course while it required more, or less, may have earned the certificate only now."""
    event.request.enqueue(jobs.issue_missing_certificates, course_id=event.course_id)


def print_issued(event: CertificateIssued) -> None:
    """Its PDF is ready soon after; until then whoever asks for it has it printed."""
    event.request.enqueue(jobs.print_certificate, certificate_id=event.certificate_id)


def redact_name(event: UserForgotten) -> None:
    """Certificates stay, without the name."""
    operations.redact_student(event.request, event.user_id)
