"""Background work of cohorts."""

from courseplatform.api import Request

from .models import CohortMember
from .operations import abandoned_seats, free_seats

CHUNK = 500


def free_abandoned_seats(request: Request) -> None:
    """Give seats back that nobody gave back: an enrollment may end without an event. Idempotent; chunk by chunk."""
    enrollment_ids = abandoned_seats(request, CHUNK)
    free_seats(request, CohortMember.enrollment_id.in_(enrollment_ids))
    if len(enrollment_ids) == CHUNK:
        request.enqueue(free_abandoned_seats)
