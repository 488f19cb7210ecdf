"""What cohorts take in."""

from courseplatform.api import Body, Flag, Id, Listing, Moment, Text, Whole, drop, field


class CohortBody(Body):
    name = field(Text(200, min_chars=1))
    capacity = field(Whole(1, 100_000), missing=drop, description="Seats. Left out: as the platform's setting says.")
    is_open = field(Flag(), missing=False, description="Whether those who enrol themselves get a seat here.")
    lesson_ids = field(
        Listing(1000), field(Id(), name="lesson_id"), missing=[], description="Lessons that are for this cohort only."
    )


class CohortDeadlineBody(Body):
    due_at = field(Moment(), missing=None, nullable=True, description="Later submissions are late. Null: never.")
    lock_at = field(Moment(), missing=None, nullable=True, description="Later submissions are refused. Null: never.")
