"""What comments take in."""

from courseplatform.api import Body, Id, ListQuery, Text, field


class CommentBody(Body):
    text = field(Text(10_000, min_chars=1))


class NewComment(CommentBody):
    parent_id = field(
        Id(), missing=None, nullable=True, description="The comment on the same target that this answers."
    )


class CommentList(ListQuery):
    parent_id = field(Id(), missing=None, description="Only the replies to this comment.")
