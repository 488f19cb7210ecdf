"""Users as JSON."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import SignInSession, User


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
        "pending_email": user.pending_email,
        "locale": user.locale,
        "timezone": user.timezone,
        "created_at": user.created_at,
        "email_verified_at": user.email_verified_at,
        "is_active": user.is_active,
    }


def user_json(request: Request, user: User) -> dict[str, Any]:
    """Everything to the user and to administrators, a card to others. A program sees of its user what scopes say."""
    caller = request.identity
    if caller is None or (caller.id != user.id and (caller.role != "admin" or caller.scopes is not None)):
        return user_card(user)
    is_mail_shown = caller.scopes is None or "email" in caller.scopes
    return {
        name: value
        for name, value in full_user_json(user).items()
        if is_mail_shown or name not in ("email", "pending_email", "email_verified_at")
    }


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
    """Public cards by user id, in one statement: what plugins offer as ``?expand=`` of their user ids."""
    columns = select(User.id, User.username, User.first_name, User.last_name, User.role)
    return {row.id: user_card(row) for row in request.db.execute(columns.where(User.id.in_(user_ids)))}
