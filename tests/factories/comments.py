"""Comments."""

from typing import Any

from courseplatform.testing import Client
from plugins.comments.models import Comment

from .accounts import Actor
from .courses import id_of


def make_comment(client: Client, target: str, author: Actor, **fields: Any) -> str:
    """A comment on the lesson, assignment or submission at this address; the address of it, ``…/comments/{id}/``."""
    kind = target.rstrip("/").split("/")[-2].removesuffix("s")
    with client.script() as request:
        values = {"text": "I wonder.", "created_at": request.now, f"{kind}_id": id_of(target), **fields}
        comment = Comment(author_id=author.user_id, **values)
        request.db.add(comment)
        request.db.flush()
        return f"{target}comments/{comment.id}/"
