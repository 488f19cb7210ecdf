"""What an export of the own data says of comments."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Comment
from .representations import comment_json


def comments(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    own = select(Comment).where(Comment.author_id == user_id).order_by(Comment.id)
    return [comment_json(request, comment) for comment in request.db.scalars(own)]
