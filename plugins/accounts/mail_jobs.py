"""Mails of accounts. Each is made from the account as it is when the job runs, and its token inside the job.

The mail goes first and the token's hash is stored after it, so that a slow mail server holds no lock on the account.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select

from courseplatform.api import Request

from .links import keep_link, new_link
from .mails import compose_mail
from .models import EmailToken, User

KEEP_DAYS = 7


def send_verification_mail(request: Request, *, user_id: UUID) -> None:
    """Mail a link that verifies the address, unless it is verified."""
    user = _active(request, user_id)
    if user is not None and user.email_verified_at is None:
        _send_link(request, "verify", user, user.email)


def send_reset_mail(request: Request, *, email: str) -> None:
    """Mail a link to set a new password, if there is an active account with this address."""
    is_this = func.lower(User.email) == func.lower(email)
    user = request.db.scalars(select(User).where(is_this, User.is_active)).one_or_none()
    if user is not None:
        _send_link(request, "reset", user, user.email)


def send_change_mail(request: Request, *, user_id: UUID) -> None:
    """Mail a link to the new address of a user, if the change is still wanted."""
    user = _active(request, user_id)
    if user is not None and user.pending_email is not None:
        _send_link(request, "change", user, user.pending_email)


def send_change_notice(request: Request, *, user_id: UUID) -> None:
    """Warn the present address that another one is about to take its place."""
    user = _active(request, user_id)
    if user is not None and user.pending_email is not None:
        request.send_mail(to=user.email, **compose_mail("change_notice", user, new_email=user.pending_email))


def send_password_notice(request: Request, *, user_id: UUID) -> None:
    """Tell a user that the password was changed."""
    user = _active(request, user_id)
    if user is not None:
        request.send_mail(to=user.email, **compose_mail("password_changed", user))


def purge_links(request: Request) -> None:
    """Forget links a week after they expired."""
    before = request.now - timedelta(days=KEEP_DAYS)
    request.db.execute(delete(EmailToken).where(EmailToken.expires_at < before))


def _active(request: Request, user_id: UUID) -> User | None:
    return request.db.scalars(select(User).where(User.id == user_id, User.is_active)).one_or_none()


def _send_link(request: Request, purpose: str, user: User, email: str) -> None:
    token, link = new_link(request, purpose)
    request.send_mail(to=email, **compose_mail(purpose, user, link=link))
    keep_link(request, purpose, token, user, email)
