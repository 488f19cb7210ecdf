"""Verbs of comments."""

from uuid import UUID

from sqlalchemy import exists, select

from courseplatform.api import Invalid, Request

from .events import CommentReplied, CommentWritten
from .models import Comment


def write_comment(
    request: Request,
    *,
    target: dict[str, UUID],
    course_id: UUID,
    author_id: UUID,
    text: str,
    parent_id: UUID | None = None,
    path: str,
) -> Comment:
    """Comment on a target, or answer a comment on it. Emits ``CommentWritten``; ``CommentReplied`` to another's.

    ``target``: ``{"lesson_id": …}``, ``{"assignment_id": …}`` or ``{"submission_id": …}``; ``course_id``: its course.
    ``path``: the address of its comments.
    Raises: Invalid for a ``parent_id`` that is not on this target; Conflict("comment_deleted").
    """
    parent = hold_parent(request, target, parent_id) if parent_id is not None else None
    comment = Comment(author_id=author_id, text=text, parent_id=parent_id, created_at=request.now, **target)
    request.db.add(comment)
    request.db.flush()
    request.emit(
        CommentWritten(comment_id=comment.id, course_id=course_id, parent_id=parent_id, by_user_id=author_id, **target)
    )
    if parent is not None and parent.author_id != author_id:
        request.emit(
            CommentReplied(
                comment_id=comment.id,
                course_id=course_id,
                submission_id=comment.submission_id,
                parent_author_id=parent.author_id,
                by_user_id=author_id,
                path=f"{path}{comment.id}/",
            )
        )
    return comment


def hold_parent(request: Request, target: dict[str, UUID], parent_id: UUID) -> Comment:
    """The comment that is answered, which nobody deletes before this transaction ends."""
    # FOR SHARE: two replies don't wait for each other, but a reply and a deletion do.
    held = select(Comment).where(Comment.id == parent_id).filter_by(**target).with_for_update(read=True)
    parent = request.db.scalars(held).one_or_none()
    if parent is None:
        raise Invalid.field("parent_id", "must be a comment on the same target")
    parent.require_not_deleted()
    return parent


def delete_comment(request: Request, comment: Comment) -> None:
    """Delete a comment whose row is locked; one with replies stays as an empty shell. Idempotent."""
    if request.db.scalar(select(exists().where(Comment.parent_id == comment.id))):
        comment.empty()
    else:
        request.db.delete(comment)
