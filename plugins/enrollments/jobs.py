"""Background work of enrollments."""

from uuid import UUID

from courseplatform.api import Request

from .progress import refresh_progress


def complete_finished(request: Request, *, course_id: UUID, after_id: UUID | None = None) -> None:
    """Complete the enrollments that a change of the course brought to 100 %, chunk by chunk."""
    last_id = refresh_progress(request, course_id=course_id, after_id=after_id)
    if last_id is not None:
        request.enqueue(complete_finished, course_id=course_id, after_id=last_id)
