"""Everything that the platform knows about a user, as one JSON document: each plugin gives its own part.

``config.add_export(name, fn)``: ``fn(request, user_id) -> list | dict`` of JSON values, in a number of statements that
does not grow with the rows. Files are named by address and hash, not included.
"""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from courseplatform.api import Configurator, Request

from .models import SignInSession, User
from .representations import full_user_json


def export(request: Request, user_id: UUID) -> bytes:
    """The document, as JSON. Part by part, so that the rows of one part only are held at a time."""
    parts = [b'{"exported_at":' + dumps(request.now)]
    for name, fn in sorted(request.registry["accounts.exports"].items()):
        parts.append(dumps(name) + b":" + dumps(fn(request, user_id)))
        request.db.expunge_all()
    return b",".join(parts) + b"}"


def dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def profile(request: Request, user_id: UUID) -> dict[str, Any]:
    return full_user_json(request.db.scalars(select(User).where(User.id == user_id)).one())


def sessions(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    """Living ones and those that ended a short while ago."""
    own = select(SignInSession).where(SignInSession.user_id == user_id).order_by(SignInSession.id)
    return [
        {
            "id": session.id,
            "created_at": session.created_at,
            "last_used_at": session.last_used_at,
            "expires_at": session.expires_at,
            "ended_at": session.ended_at,
            "user_agent": session.user_agent,
            "address": session.address,
        }
        for session in request.db.scalars(own)
    ]


def add_export(config: Configurator, name: str, fn: Any) -> None:
    """Contribute the part ``name`` to the export of a user's data. Two plugins with one name are a conflict."""
    fn = config.maybe_dotted(fn)
    config.action(("export", name), lambda: config.registry["accounts.exports"].update({name: fn}))


def includeme(config: Configurator) -> None:
    config.registry["accounts.exports"] = {}
    config.add_directive("add_export", add_export)
    config.add_export("profile", profile)
    config.add_export("sessions", sessions)
