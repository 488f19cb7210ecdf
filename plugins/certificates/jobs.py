"""Background work of certificates."""

from uuid import UUID

from courseplatform.api import Request

from . import operations, pdf

#: How many students one transaction looks at.
CHUNK = 500


def issue_missing_certificates(request: Request, *, course_id: UUID, after_id: UUID | None = None) -> None:
    """Have the rule look at those who completed a course and have no certificate, chunk by chunk. Idempotent."""
    student_ids = list(request.db.scalars(operations.completed_without(course_id, after_id).limit(CHUNK)))
    for student_id in student_ids:
        request.enqueue(issue_earned_certificate, course_id=course_id, student_id=student_id)
    if len(student_ids) == CHUNK:
        request.enqueue(issue_missing_certificates, course_id=course_id, after_id=student_ids[-1])


def issue_earned_certificate(request: Request, *, course_id: UUID, student_id: UUID) -> None:
    """The rule: issue to a student who has done all that the course requires. Reads the state as it is; idempotent."""
    operations.issue_if_earned(request, course_id=course_id, student_id=student_id)


def print_certificate(request: Request, *, certificate_id: UUID) -> None:
    """Keep the PDF of a certificate ready. Reads the state as it is; idempotent."""
    pdf.keep_pdf(request, certificate_id)
