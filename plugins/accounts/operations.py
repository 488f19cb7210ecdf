"""Verbs of users."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text, update

from courseplatform.api import Conflict, Forbidden, Request, lock_number

from . import jobs, mail_jobs
from .addresses import change_email
from .events import SessionsEnded, UserErased, UserRoleChanged
from .models import SignInSession, User
from .passwords import check_strength
from .verification import is_mailable

#: Whoever takes an administrator away waits for the others who do.
ADMIN_LOCK = lock_number("accounts.admins")


def register(
    request: Request,
    *,
    username: str,
    email: str,
    password: str,
    first_name: str = "",
    last_name: str = "",
    role: str = "student",
) -> User:
    """Make an account. Raises: Invalid (weak password), and 409 ``username_taken`` or ``email_taken`` by constraint."""
    check_strength(password, username=username, email=email)
    user = User(
        username=username,
        email=email,
        password_hash=request.registry["accounts.passwords"].hash(password),
        first_name=first_name,
        last_name=last_name,
        role=role,
        created_at=request.now,
    )
    request.db.add(user)
    request.db.flush()
    request.enqueue(mail_jobs.send_verification_mail, user_id=user.id)
    request.audit("user.registered", target_user_id=user.id, role=user.role)
    return user


def update_user(
    request: Request, user: User, changes: dict[str, Any], *, by_user_id: UUID, may_administer: bool
) -> None:
    """Apply changed fields; a user's own new address waits for its confirmation. Emits ``UserRoleChanged``.

    Raises: Forbidden for a role or activity that the caller may not set; Conflict("last_admin" | "account_erased").
    """
    if user.erased_at is not None:
        raise Conflict("account_erased", erased_at=user.erased_at)
    is_role_changed = changes.get("role", user.role) != user.role
    is_activity_changed = changes.get("is_active", user.is_active) != user.is_active
    if is_role_changed or is_activity_changed:
        if not may_administer:
            raise Forbidden(rule={"field": "role" if is_role_changed else "is_active"}, missing=["admin"])
        if user.id == by_user_id:
            raise Forbidden("own_account")
        if changes.get("role", user.role) != "admin" or not changes.get("is_active", user.is_active):
            keep_an_admin(request, user)
    for name, value in changes.items():
        if name != "email":
            setattr(user, name, value)
    if "email" in changes:
        change_email(request, user, changes["email"], by_user_id=by_user_id)
    if not user.is_active:
        end_sessions(request, user.id)
    request.db.flush()
    about = {"user_id": by_user_id, "target_user_id": user.id}
    if is_activity_changed:
        request.audit("user.reactivated" if user.is_active else "user.deactivated", **about)
    if is_role_changed:
        request.audit("user.role_changed", role=user.role, **about)
        request.emit(UserRoleChanged(user_id=user.id, role=user.role, by_user_id=by_user_id))


def keep_an_admin(request: Request, user: User) -> None:
    """Raises: Conflict("last_admin") if ``user`` is the only active administrator, also while others are demoted."""
    if user.role != "admin" or not user.is_active:
        return
    request.db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADMIN_LOCK})
    others = select(User.id).where(User.role == "admin", User.is_active, User.id != user.id).limit(1)
    if request.db.scalar(others) is None:
        raise Conflict("last_admin")


def erase_user(request: Request, user: User, *, by_user_id: UUID, transfer_to_id: UUID | None = None) -> None:
    """Redact an account in place; nobody is signed in to it any more. Idempotent.

    Emits ``UserErased``, which subscribers may refuse; a job emits ``UserForgotten`` for all else that is kept.
    Raises: Conflict("last_admin"), Conflict("owns_courses") from courses.
    """
    if user.erased_at is not None:
        return
    keep_an_admin(request, user)
    request.emit(UserErased(user_id=user.id, transfer_to_id=transfer_to_id, by_user_id=by_user_id))
    # Names that nobody can register, so that nobody can stand in an erasure's way.
    user.username, user.email = f"erased:{user.id}", f"{user.id}@erased"
    user.first_name = user.last_name = ""
    user.password_hash = user.email_verified_at = user.pending_email = None
    user.locale, user.timezone = "en", "UTC"
    user.is_active, user.erased_at = False, request.now
    request.db.flush()
    request.enqueue(jobs.forget_user, user_id=user.id)
    request.audit("user.erased", user_id=by_user_id, target_user_id=user.id, transfer_to_id=transfer_to_id)


def end_sessions(request: Request, user_id: UUID) -> None:
    """End every session of a user; the next request with any of their tokens is 401. Emits ``SessionsEnded``."""
    living = update(SignInSession).where(SignInSession.user_id == user_id, SignInSession.ended_at.is_(None))
    request.db.execute(living.values(ended_at=request.now))
    request.emit(SessionsEnded(user_id=user_id))


def find_by_login(request: Request, login: str) -> User | None:
    """The user with this username or e-mail address, whatever its case."""
    column = User.email if "@" in login else User.username
    return request.db.scalars(select(User).where(func.lower(column) == func.lower(login))).one_or_none()


def find_active_users(
    request: Request, *, ids: Iterable[UUID] = (), usernames: Iterable[str] = (), emails: Iterable[str] = ()
) -> tuple[set[UUID], dict[str, UUID], dict[str, UUID]]:
    """Of those whose account is active: the ids, and who has a username or an address, in lower case; one statement.

    An address that nobody has verified is nobody's, where the operator wants addresses verified: else anyone could
    register somebody's address and be taken for them.
    """
    names = {name: [func.lower(text) for text in given] for name, given in (("u", usernames), ("e", emails))}
    columns = select(User, func.lower(User.username), func.lower(User.email)).where(User.is_active)
    is_meant = [
        User.id.in_(list(ids)),
        func.lower(User.username).in_(names["u"]),
        func.lower(User.email).in_(names["e"]),
    ]
    found = request.db.execute(columns.where(or_(*is_meant))).all()
    return (
        {user.id for user, _, _ in found},
        {username: user.id for user, username, _ in found},
        {email: user.id for user, _, email in found if is_mailable(request, user)},
    )


def get_active_user(request: Request, user_id: UUID) -> User | None:
    """The user, if the account is active."""
    return request.db.scalars(select(User).where(User.id == user_id, User.is_active)).one_or_none()
