"""What comments take in and give out."""

from courseplatform.api import Answer, AnyText, Body, Flag, Id, ListQuery, Moment, Text, field


class CommentBody(Body):
    text = field(Text(10_000, min_chars=1), example="Why is there an inverse?")


class NewComment(CommentBody):
    parent_id = field(
        Id(), missing=None, nullable=True, description="The comment on the same target that this answers."
    )


class CommentList(ListQuery):
    parent_id = field(Id(), missing=None, description="Only the replies to this comment.")


class CommentAnswer(Answer):
    id = field(Id())
    author_id = field(Id())
    text = field(AnyText(), description="Empty in a deleted one.")
    parent_id = field(Id(), nullable=True)
    lesson_id = field(Id(), nullable=True)
    assignment_id = field(Id(), nullable=True)
    submission_id = field(Id(), nullable=True)
    created_at = field(Moment())
    edited_at = field(Moment(), nullable=True)
    is_deleted = field(Flag())
