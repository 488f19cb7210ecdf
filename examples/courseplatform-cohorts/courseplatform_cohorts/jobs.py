"""Background work of cohorts."""

from courseplatform.api import Request

from .operations import abandoned_seats, free_seats

CHUNK = 500


def free_abandoned_seats(request: Request) -> None:
    """Give seats back that nobody gave back: an enrollment may end without an event. Idempotent; chunk by chunk."""
    members = abandoned_seats(request, CHUNK)
    free_seats(request, members)
    if len(members) == CHUNK:
        request.enqueue(free_abandoned_seats)
