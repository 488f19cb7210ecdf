"""Background work of accounts."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, update

from courseplatform.api import Request, forget_answers

from .events import UserForgotten
from .keys import purge_expired
from .links import void_links
from .models import SignInSession

KEEP_DAYS = 7


def purge_sessions(request: Request) -> None:
    """Forget sessions, with their refresh tokens, a week after they ended or expired."""
    before = request.now - timedelta(days=KEEP_DAYS)
    over = (SignInSession.expires_at < before) | (SignInSession.ended_at < before)
    request.db.execute(delete(SignInSession).where(over))


def forget_user(request: Request, *, user_id: UUID) -> None:
    """After an erasure: sessions, links and what plugins keep of the person. Emits ``UserForgotten``. Idempotent."""
    theirs = update(SignInSession).where(SignInSession.user_id == user_id)
    request.db.execute(
        theirs.values(user_agent="", address="", ended_at=func.coalesce(SignInSession.ended_at, request.now))
    )
    void_links(request, user_id)
    forget_answers(request, user_id)
    request.emit(UserForgotten(user_id=user_id))


def purge_keys(request: Request) -> None:
    """Destroy signing keys whose last token has expired."""
    purge_expired(request)
