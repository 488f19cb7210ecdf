"""What cohorts take in and give out."""

from courseplatform.api import Answer, AnyText, Body, Flag, Id, Listing, Moment, Text, Whole, drop, field


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


class CohortAnswer(Answer):
    id = field(Id())
    course_id = field(Id())
    name = field(AnyText())
    capacity = field(Whole())
    member_count = field(Whole())
    is_open = field(Flag())
    lesson_ids = field(Listing(), field(Id(), name="lesson_id"))
    created_at = field(Moment())


class CohortDeadlineAnswer(Answer):
    assignment_id = field(Id())
    due_at = field(Moment(), nullable=True)
    lock_at = field(Moment(), nullable=True)
