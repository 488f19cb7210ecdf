"""What happens to comments."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class CommentWritten(Event):
    """Someone commented on a lesson, an assignment or a submission: one of the three is named."""

    public_type = "comment.written"

    comment_id: UUID
    course_id: UUID
    lesson_id: UUID | None = None
    assignment_id: UUID | None = None
    submission_id: UUID | None = None
    parent_id: UUID | None
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class CommentReplied(Event):
    """Someone answered a comment. ``path``: the address of the reply. ``submission_id``: of a submission's thread."""

    comment_id: UUID
    course_id: UUID
    submission_id: UUID | None
    parent_author_id: UUID
    by_user_id: UUID
    path: str
