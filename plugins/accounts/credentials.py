"""Verbs of passwords: changed by the present one, or set anew by a link in a mail."""

from typing import Any

from courseplatform.api import Forbidden, Request

from . import mail_jobs
from .events import PasswordChanged
from .links import use_link, void_links
from .models import User
from .operations import end_sessions
from .passwords import check_strength
from .sessions import open_session


def reset_password(request: Request, *, token: str, password: str) -> None:
    """Set a password by a mailed link: ends all sessions, voids all links. Emits ``PasswordChanged``.

    The link came by mail, so the address is verified too. A weak password leaves the link as it was.
    Raises: Conflict("invalid_token_link"); Invalid for a weak password.
    """
    user = use_link(request, "reset", token)
    user.email_verified_at = user.email_verified_at or request.now
    set_password(request, user, password, field="password")
    request.emit(PasswordChanged(user_id=user.id, is_reset=True))
    request.audit("password.reset", target_user_id=user.id)


def change_password(request: Request, user: User, *, current_password: str, new_password: str) -> dict[str, Any]:
    """Set a password by the present one: ends all sessions, voids all links; the tokens of a new session.

    Emits ``PasswordChanged``. Raises: Forbidden("wrong_password"), TooManyRequests; Invalid for a weak one.
    """
    account = f"user:{user.id}"
    request.hit_limit("password_change", account)
    if not request.registry["accounts.passwords"].matches(user.password_hash, current_password):
        request.audit_now("password.refused", target_user_id=user.id)
        raise Forbidden("wrong_password")
    request.clear_limit("password_change", account)
    set_password(request, user, new_password, field="new_password")
    request.emit(PasswordChanged(user_id=user.id, is_reset=False))
    request.audit("password.changed", target_user_id=user.id)
    return open_session(request, user.id)


def set_password(request: Request, user: User, password: str, *, field: str) -> None:
    """``field``: what the password is called in the body, for the fault of a weak one."""
    check_strength(password, username=user.username, email=user.email, field=field)
    user.password_hash = request.registry["accounts.passwords"].hash(password)
    user.pending_email = None
    end_sessions(request, user.id)
    void_links(request, user.id)
    request.db.flush()
    request.enqueue(mail_jobs.send_password_notice, user_id=user.id)
