"""What assignments take in and give out."""

from courseplatform.api import Answer, AnyText, Body, Choice, Flag, Id, Moment, Text, Whole, field

MAX_POINTS = 1_000_000


class AssignmentBody(Body):
    title = field(Text(200, min_chars=1), example="Symmetries of a square")
    description = field(Text(20_000), missing="", example="List them all.")
    due_at = field(Moment(), missing=None, nullable=True, description="Later submissions are late. Null: never.")
    lock_at = field(Moment(), missing=None, nullable=True, description="Later submissions are refused. Null: never.")
    max_points = field(Whole(1, MAX_POINTS), missing=100)
    pass_points = field(Whole(0, MAX_POINTS), missing=0, description="From this grade on, the assignment is passed.")
    max_attempts = field(Whole(1, 1000), missing=None, nullable=True, description="Null: no limit.")
    is_published = field(Flag(), missing=True)
    is_required = field(Flag(), missing=True, description="Whether it counts for progress.")


class DeadlineAnswer(Answer):
    """The caller's dates, which may differ from the assignment's."""

    due_at = field(Moment(), nullable=True)
    lock_at = field(Moment(), nullable=True)
    server_now = field(Moment())
    state = field(Choice("open", "late", "locked"))


class AssignmentAnswer(Answer):
    id = field(Id())
    lesson_id = field(Id())
    title = field(AnyText())
    description = field(AnyText())
    due_at = field(Moment(), nullable=True)
    lock_at = field(Moment(), nullable=True)
    max_points = field(Whole())
    pass_points = field(Whole())
    max_attempts = field(Whole(), nullable=True, description="Null: no limit.")
    is_published = field(Flag())
    is_required = field(Flag())
    created_at = field(Moment())
    deadline = DeadlineAnswer()
