"""Who can see a comment now: whoever sees what it is about. ``attachments`` says whom to ask."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, select

from courseplatform.api import Request

from .models import Comment


def comment_audience(request: Request, comment_id: UUID, told: Mapping[str, Any]) -> set[str]:
    """The course's roles that may see it; none if it was deleted."""
    target = target_of(request, comment_id)
    if target is None:
        return set()
    name, target_id = target
    roles: set[str] = request.registry["comments.audiences"][name](request, target_id, {})
    return roles


def may_know_comment(request: Request, user_id: Any, comment_id: UUID, told: Mapping[str, Any]) -> ColumnElement[bool]:
    """SQL: whether a holder of such a role may."""
    target = target_of(request, comment_id)
    if target is None:
        return false()
    name, target_id = target
    may: ColumnElement[bool] = request.registry["comments.may_know"][name](request, user_id, target_id, {})
    return may


def target_of(request: Request, comment_id: UUID) -> tuple[str, UUID] | None:
    """What a living comment is about, ``lesson`` and its id; None while the plugin of that is off, too."""
    living = select(Comment).where(Comment.id == comment_id, Comment.is_deleted.is_(False))
    comment = request.db.scalars(living).one_or_none()
    ids = {name: getattr(comment, f"{name}_id", None) for name in request.registry["comments.audiences"]}
    return next(((name, target_id) for name, target_id in ids.items() if target_id is not None), None)
