"""What other plugins may import from comments."""

from .audiences import comment_audience, may_know_comment
from .events import CommentReplied
from .models import Comment
from .operations import write_comment

__all__ = [
    "Comment",
    "CommentReplied",
    "comment_audience",
    "may_know_comment",
    "write_comment",
]
