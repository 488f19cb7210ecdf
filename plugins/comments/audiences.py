"""Which of a course's roles can see a comment now. Asked before somebody is told of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Comment


def comment_audience(request: Request, comment_id: UUID, told: Mapping[str, Any]) -> set[str]:
    """Whoever sees what it is about; nobody if it was deleted. ``attachments`` says whom to ask."""
    living = select(Comment).where(Comment.id == comment_id, Comment.is_deleted.is_(False))
    comment = request.db.scalars(living).one_or_none()
    if comment is None:
        return set()
    audiences = request.registry["comments.audiences"]
    target_ids = {target: getattr(comment, f"{target}_id") for target in audiences}
    return next((audiences[target](request, id_, {}) for target, id_ in target_ids.items() if id_ is not None), set())
