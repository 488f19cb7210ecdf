"""What other plugins may import from comments."""

from .audiences import comment_audience
from .events import CommentReplied
from .models import Comment
from .operations import write_comment

__all__ = [
    "Comment",
    "CommentReplied",
    "comment_audience",
    "write_comment",
]
