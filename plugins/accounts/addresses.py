"""Verbs of addresses: verified and changed by links that were mailed to them."""

from uuid import UUID

from sqlalchemy import func, select

from courseplatform.api import Conflict, Request

from . import mail_jobs
from .links import use_link, void_links
from .models import User


def verify_email(request: Request, *, token: str) -> None:
    """Believe that the address is the user's. Raises: Conflict("invalid_token_link")."""
    user = use_link(request, "verify", token)
    user.email_verified_at = request.now
    request.audit("email.verified", target_user_id=user.id)


def change_email(request: Request, user: User, email: str, *, by_user_id: UUID) -> None:
    """What a new address in a user's body means: from the user a wish, from an administrator a fact."""
    if by_user_id == user.id:
        ask_for_email(request, user, email)
    elif email != user.email:
        replace_email(request, user, email, is_verified=False)


def ask_for_email(request: Request, user: User, email: str) -> None:
    """Change the address as soon as it is confirmed; the present one withdraws a change that was asked for.

    Each try is counted, also one without consequences: it says whether an address is taken, or mails to a stranger's.
    Raises: TooManyRequests; Conflict("email_taken"), which the constraint decides again at the confirmation.
    """
    if email == (user.pending_email or user.email):
        return
    void_links(request, user.id, "change")
    user.pending_email = None if email == user.email else email
    if user.pending_email is None:
        return
    request.hit_limit("email_change", f"user:{user.id}")
    is_other = (func.lower(User.email) == func.lower(email), User.id != user.id)
    if request.db.scalar(select(User.id).where(*is_other)) is not None:
        raise Conflict("email_taken")
    request.enqueue(mail_jobs.send_change_mail, user_id=user.id)
    request.enqueue(mail_jobs.send_change_notice, user_id=user.id)
    request.audit("email.change_asked", target_user_id=user.id)


def confirm_email(request: Request, *, token: str) -> None:
    """Change the address that was asked for. Voids all links, which went to the old one.

    Raises: Conflict("invalid_token_link"); 409 ``email_taken`` by constraint, which leaves the link as it was.
    """
    user = use_link(request, "change", token)
    replace_email(request, user, str(user.pending_email), is_verified=True)


def replace_email(request: Request, user: User, email: str, *, is_verified: bool) -> None:
    """Change the address at once; one that is not verified is mailed a link. 409 ``email_taken`` by constraint."""
    user.email, user.pending_email = email, None
    user.email_verified_at = request.now if is_verified else None
    request.db.flush()
    void_links(request, user.id)
    if not is_verified:
        request.enqueue(mail_jobs.send_verification_mail, user_id=user.id)
    request.audit("email.changed", target_user_id=user.id)
