"""What happens to comments."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class CommentReplied(Event):
    """Someone answered a comment. ``path``: the address of the reply. ``submission_id``: of a submission's thread."""

    comment_id: UUID
    course_id: UUID
    submission_id: UUID | None
    parent_author_id: UUID
    by_user_id: UUID
    path: str
