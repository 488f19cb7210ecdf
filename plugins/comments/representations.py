"""Comments as JSON."""

from typing import Any

from courseplatform.api import Request
from plugins.accounts.api import cards_of

from .models import Comment


def comment_json(request: Request, comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "author_id": comment.author_id,
        "text": comment.text,
        "parent_id": comment.parent_id,
        "lesson_id": comment.lesson_id,
        "assignment_id": comment.assignment_id,
        "submission_id": comment.submission_id,
        "created_at": comment.created_at,
        "edited_at": comment.edited_at,
        "is_deleted": comment.is_deleted,
    }


load_authors = cards_of("author_id")
