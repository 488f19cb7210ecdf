"""Background work of certificates."""

from uuid import UUID

from courseplatform.api import Request

from . import operations


def issue_earned_certificate(request: Request, *, course_id: UUID, student_id: UUID) -> None:
    """The rule: issue to a student who has done all that the course requires. Reads the state as it is; idempotent."""
    operations.issue_if_earned(request, course_id=course_id, student_id=student_id)
