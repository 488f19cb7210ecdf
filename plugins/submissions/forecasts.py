"""What a dry run says of work that was handed in."""

from sqlalchemy import func, select

from plugins.assignments.api import AssignmentDatesChanged, StudentDatesChanged

from .models import Submission
from .subscribers import is_late_now, whose_dates_moved


def lateness(event: AssignmentDatesChanged | StudentDatesChanged) -> dict[str, int]:
    """How many pieces of work become late by the new dates, and how many are late no more."""
    is_late = is_late_now(event.request)
    changes = select(
        func.count().filter(is_late, ~Submission.is_late).label("become_late"),
        func.count().filter(~is_late, Submission.is_late).label("become_timely"),
    )
    return event.request.db.execute(changes.where(*whose_dates_moved(event))).one()._asdict()
