"""Verbs of signing in: sessions, access tokens, rotating refresh tokens.

A refresh token is used once, and its use replaces all tokens that the session had by then. Whoever presents a replaced
one is a thief or a victim of one: the session ends for both (RFC 9700, 4.14.2). For a short grace it may be a client
that lost the answer, or asked twice at once; but not once a token that came after it is in use.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update

from courseplatform.api import Request, Unauthenticated

from .models import RefreshToken, SignInSession, User
from .operations import find_by_login

GRACE_S = 10
MAX_USER_AGENT_CHARS, MAX_ADDRESS_CHARS = 200, 64


def sign_in(request: Request, *, username: str, password: str) -> dict[str, Any]:
    """A new session's tokens, for a password.

    Each try is counted before the password is looked at, so that tries at the same time count too; a right one gives
    the account its tries back, but not the address, from which somebody may try many accounts.
    Raises: Unauthenticated("invalid_credentials") and TooManyRequests, alike for unknown and wrong.
    """
    account = f"account:{username.lower()}"
    request.hit_limit("sign_in_address", request.client_network)
    request.hit_limit("sign_in", account)
    user = find_by_login(request, username)
    is_right = request.registry["accounts.passwords"].matches(user and user.password_hash, password)
    if user is None or not is_right or not user.is_active:
        request.audit_now("user.sign_in_failed", target_user_id=user and user.id)
        request.count_now("courseplatform_sign_ins", outcome="refused")
        raise Unauthenticated("invalid_credentials")
    request.clear_limit("sign_in", account)
    return open_session(request, user.id)


def open_session(request: Request, user_id: UUID) -> dict[str, Any]:
    """A new session's tokens, for someone who has shown to be this active user."""
    ttl = timedelta(seconds=request.registry.settings["accounts.session_ttl_s"])
    session = SignInSession(
        user_id=user_id,
        created_at=request.now,
        last_used_at=request.now,
        expires_at=request.now + ttl,
        user_agent=stored_text(request.headers.get("User-Agent", ""), MAX_USER_AGENT_CHARS),
        address=stored_text(request.client_address, MAX_ADDRESS_CHARS),
    )
    request.db.add(session)
    request.db.flush()
    request.audit("user.signed_in", user_id=user_id, session_id=session.id)
    request.count("courseplatform_sign_ins", outcome="signed_in")
    return issue_tokens(request, user_id, session.id)


def stored_text(sent: str, max_chars: int) -> str:
    """What a header says, without control characters and not too long."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "", sent)[:max_chars]


def refresh(request: Request, *, refresh_token: str) -> dict[str, Any]:
    """A new pair for a refresh token. Raises: Unauthenticated("invalid_refresh_token").

    A replaced token ends its session but for the grace, although the answer is a refusal.
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
    replaced_at = token.used_at or replacement_time(request, token)
    if replaced_at is not None and not is_in_grace(request, token, replaced_at):
        session_id = session.id
        request.audit_now("session.token_reused", target_user_id=session.user_id, session_id=session_id)
        request.on_abort(lambda own_request: end_session(own_request, session_id))
        raise Unauthenticated("invalid_refresh_token")
    if token.used_at is None:
        token.used_at = request.now
    session.last_used_at = request.now
    # A request that began before the one it waited for still gives out a token that came after the replacement.
    return issue_tokens(request, session.user_id, session.id, created_at=max(request.now, replaced_at or request.now))


def replacement_time(request: Request, token: RefreshToken) -> datetime | None:
    """When another token of the session was first used after this one had been given out."""
    others = select(func.min(RefreshToken.used_at)).where(RefreshToken.session_id == token.session_id)
    return request.db.scalar(others.where(RefreshToken.used_at > token.created_at))


def is_in_grace(request: Request, token: RefreshToken, replaced_at: datetime) -> bool:
    """Whether a replaced token may be used: within ``GRACE_S``, and while no token given out since has been used."""
    if request.now - replaced_at > timedelta(seconds=GRACE_S):
        return False
    used = select(RefreshToken.id).where(RefreshToken.session_id == token.session_id, RefreshToken.used_at.is_not(None))
    successor = used.where(RefreshToken.created_at >= replaced_at, RefreshToken.id != token.id)
    return request.db.scalar(successor.limit(1)) is None


def user_of_session(request: Request, session_id: UUID) -> User | None:
    """The active user whose session it is, if it lives; and it lives until this transaction ends."""
    found = select(User).join(SignInSession, SignInSession.user_id == User.id)
    living = found.where(
        SignInSession.id == session_id,
        SignInSession.ended_at.is_(None),
        SignInSession.expires_at > request.now,
        User.is_active,
    )
    return request.db.scalars(living.with_for_update(read=True, of=SignInSession)).one_or_none()


def end_session(request: Request, session_id: UUID) -> None:
    """Sign out. Idempotent."""
    living = update(SignInSession).where(SignInSession.id == session_id, SignInSession.ended_at.is_(None))
    request.db.execute(living.values(ended_at=request.now))
    request.audit("session.ended", session_id=session_id)


def living_sessions(request: Request, user_id: UUID) -> Select[Any]:
    """The sessions that a user can see and end."""
    return select(SignInSession).where(
        SignInSession.user_id == user_id, SignInSession.ended_at.is_(None), SignInSession.expires_at > request.now
    )


def end_other_sessions(request: Request, *, user_id: UUID, session_id: UUID | None) -> None:
    """End every session of a user but this one. Idempotent."""
    others = update(SignInSession).where(
        SignInSession.user_id == user_id,
        SignInSession.ended_at.is_(None),
        SignInSession.id.is_distinct_from(session_id),
    )
    request.db.execute(others.values(ended_at=request.now))
    request.audit("session.others_ended", target_user_id=user_id, session_id=session_id)


def issue_tokens(
    request: Request, user_id: UUID, session_id: UUID, created_at: datetime | None = None
) -> dict[str, Any]:
    refresh_token = secrets.token_urlsafe(32)
    created_at = created_at or request.now
    request.db.add(RefreshToken(session_id=session_id, token_sha256=sha256(refresh_token), created_at=created_at))
    engine = request.registry["accounts.tokens"]
    return {
        "access_token": engine.create_token(user_id, sid=str(session_id), request=request),
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": engine.ttl_s,
    }


def sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
