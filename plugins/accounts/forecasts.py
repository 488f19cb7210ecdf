"""What a dry run says of accounts."""

from sqlalchemy import func, select

from .events import SessionsEnded
from .models import SignInSession


def sessions(event: SessionsEnded) -> dict[str, int]:
    """How many sessions, on whatever devices, have just been ended."""
    ended = (SignInSession.user_id == event.user_id, SignInSession.ended_at == event.request.now)
    return {"ended": event.request.db.scalar(select(func.count()).where(*ended))}
