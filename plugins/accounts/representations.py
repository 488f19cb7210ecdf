"""Users as JSON."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from courseplatform.api import Request

from .models import CARD, FULL, SignInSession, User

#: What everyone may know of a teacher or a reviewer.
PUBLIC = ("id", "first_name", "last_name")
# nosemgrep: no-json-by-reflection (columns by their names, spared the ORM)
USERS = User.__table__.c
#: The statements for cards, made once. (An array is one parameter, however many there are.)
COLUMNS = {
    names: select(*(USERS[name] for name in names)).where(
        USERS.id == func.any(bindparam("user_ids", type_=ARRAY(Uuid())))
    )
    for names in (PUBLIC, CARD)
}


def user_card(user: Any) -> dict[str, Any]:
    """What everyone signed in may know of a user."""
    return {name: getattr(user, name) for name in CARD}


def full_user_json(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in FULL}


def user_json(request: Request, user: User) -> dict[str, Any]:
    """Everything to the user and to administrators, a card to others. A program sees of its user what scopes say."""
    return {name: getattr(user, name) for name in user.shown_to(request.identity)}


def session_json(request: Request, session: SignInSession) -> dict[str, Any]:
    """``last_used_at``: when it gave out tokens last."""
    return {
        "id": session.id,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
        "is_current": session.id == request.identity.session_id,
        "user_agent": session.user_agent,
        "address": session.address,
    }


def user_cards(request: Request, user_ids: set[UUID]) -> dict[UUID, dict[str, Any]]:
    """Cards by user id, in one statement: what plugins offer as ``?expand=`` of their user ids.

    To anonymous callers names only: a username is half of a sign-in, and who teaches or studies is nobody's business.
    """
    names = PUBLIC if request.identity is None else CARD
    found = request.db.execute(COLUMNS[names], {"user_ids": list(user_ids)})
    return {row[0]: dict(zip(names, row, strict=True)) for row in found}


def cards_of(column: str) -> Callable[[Request, list[Any]], dict[UUID, Any]]:
    """A ``load`` for ``add_extension``: the cards of the users whom a column of the rows names, ``student_id``."""

    def load(request: Request, rows: list[Any]) -> dict[UUID, Any]:
        cards = user_cards(request, {getattr(row, column) for row in rows})
        return {row.id: cards.get(getattr(row, column)) for row in rows}

    return load
