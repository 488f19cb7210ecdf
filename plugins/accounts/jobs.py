"""Background work of accounts."""

from datetime import timedelta

from sqlalchemy import delete

from courseplatform.api import Request

from .keys import purge_expired
from .models import SignInSession

KEEP_DAYS = 7


def purge_sessions(request: Request) -> None:
    """Forget sessions, with their refresh tokens, a week after they ended or expired."""
    before = request.now - timedelta(days=KEEP_DAYS)
    over = (SignInSession.expires_at < before) | (SignInSession.ended_at < before)
    request.db.execute(delete(SignInSession).where(over))


def purge_keys(request: Request) -> None:
    """Destroy signing keys whose last token has expired."""
    purge_expired(request)
