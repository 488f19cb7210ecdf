"""Verbs of signing in: sessions, access tokens, rotating refresh tokens.

A refresh token is used once. Whoever presents a used one again is, but for a short grace, a thief or a victim of one:
the session ends for both (RFC 9700, 4.14.2).
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from courseplatform.api import Request, Unauthenticated

from .models import RefreshToken, SignInSession, User
from .operations import find_by_login

GRACE_S = 10


def sign_in(request: Request, *, username: str, password: str) -> dict[str, Any]:
    """A new session's tokens. Raises: Unauthenticated("invalid_credentials"), alike for unknown and wrong."""
    user = find_by_login(request, username)
    is_right = request.registry["passwords"].matches(user and user.password_hash, password)
    if user is None or not is_right or not user.is_active:
        raise Unauthenticated("invalid_credentials")
    ttl = timedelta(seconds=request.registry.settings["accounts.session_ttl_s"])
    session = SignInSession(user_id=user.id, created_at=request.now, expires_at=request.now + ttl)
    request.db.add(session)
    request.db.flush()
    return issue_tokens(request, user.id, session.id)


def refresh(request: Request, *, refresh_token: str) -> dict[str, Any]:
    """A new pair for a refresh token. Raises: Unauthenticated("invalid_refresh_token").

    A token used more than ``GRACE_S`` ago ends its session, although the answer is a refusal.
    """
    found = request.db.execute(
        select(RefreshToken, SignInSession, User.is_active)
        .join(SignInSession, SignInSession.id == RefreshToken.session_id)
        .join(User, User.id == SignInSession.user_id)
        .where(RefreshToken.token_sha256 == sha256(refresh_token))
        .with_for_update(of=RefreshToken)
    ).one_or_none()
    if found is None:
        raise Unauthenticated("invalid_refresh_token")
    token, session, is_active = found
    if session.ended_at is not None or session.expires_at <= request.now or not is_active:
        raise Unauthenticated("invalid_refresh_token")
    if token.used_at is not None and request.now - token.used_at > timedelta(seconds=GRACE_S):
        session_id = session.id
        request.on_abort(lambda own_request: end_session(own_request, session_id))
        raise Unauthenticated("invalid_refresh_token")
    if token.used_at is None:
        token.used_at = request.now
    return issue_tokens(request, session.user_id, session.id)


def end_session(request: Request, session_id: UUID) -> None:
    """Sign out. Idempotent."""
    living = update(SignInSession).where(SignInSession.id == session_id, SignInSession.ended_at.is_(None))
    request.db.execute(living.values(ended_at=request.now))


def issue_tokens(request: Request, user_id: UUID, session_id: UUID) -> dict[str, Any]:
    refresh_token = secrets.token_urlsafe(32)
    request.db.add(RefreshToken(session_id=session_id, token_sha256=sha256(refresh_token), created_at=request.now))
    engine = request.registry["accounts.tokens"]
    return {
        "access_token": engine.create_token(user_id, sid=str(session_id)),
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": engine.ttl_s,
    }


def sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
