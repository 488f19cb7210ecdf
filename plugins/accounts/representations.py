"""Users as JSON."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import User


def user_card(user: Any) -> dict[str, Any]:
    """What everyone signed in may know of a user."""
    return {
        "id": user.id,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "role": user.role,
    }


def full_user_json(user: User) -> dict[str, Any]:
    return {
        **user_card(user),
        "email": user.email,
        "locale": user.locale,
        "timezone": user.timezone,
        "created_at": user.created_at,
        "email_verified_at": user.email_verified_at,
        "is_active": user.is_active,
    }


def user_json(request: Request, user: User) -> dict[str, Any]:
    is_own = request.identity is not None and (request.identity.id == user.id or request.identity.role == "admin")
    return full_user_json(user) if is_own else user_card(user)


def user_cards(request: Request, user_ids: set[UUID]) -> dict[UUID, dict[str, Any]]:
    """Public cards by user id, in one statement: what plugins offer as ``?expand=`` of their user ids."""
    columns = select(User.id, User.username, User.first_name, User.last_name, User.role)
    return {row.id: user_card(row) for row in request.db.execute(columns.where(User.id.in_(user_ids)))}
