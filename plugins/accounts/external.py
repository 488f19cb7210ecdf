"""Accounts for those whom another house vouches for: they have no password."""

import re
import secrets

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from courseplatform.api import Conflict, Request

from .models import User
from .schemas import EMAIL_PATTERN, MAX_EMAIL_CHARS

MAX_USERNAME_CHARS = 50
MAX_NAME_CHARS = 100
MAX_ATTEMPTS = 10


def register_external(
    request: Request, *, username: str, email: str | None, first_name: str = "", last_name: str = ""
) -> User:
    """Make a student's account without a password.

    ``username`` is a wish, cut to what a username may be and lengthened until it is free. ``email`` was verified by who
    vouches; None if there is none: then the address is one where nothing arrives, until the user gives another.
    Raises: 409 ``email_taken`` by constraint: nobody grows into an account that is there.
    """
    user_id, wish = uuid7(), plain_username(username)
    for attempt in range(MAX_ATTEMPTS):
        given = insert(User).values(
            id=user_id,
            username=wish if attempt == 0 else f"{wish[: MAX_USERNAME_CHARS - 9]}-{secrets.token_hex(4)}",
            email=email or f"{user_id}@unknown",
            email_verified_at=request.now if email else None,
            first_name=first_name[:MAX_NAME_CHARS],
            last_name=last_name[:MAX_NAME_CHARS],
            created_at=request.now,
        )
        free = given.on_conflict_do_nothing(index_elements=[text("lower(username)")]).returning(User)
        user = request.db.scalars(free).one_or_none()
        if user is not None:
            return user
    raise Conflict("username_taken")


def plain_username(wish: str) -> str:
    """What a username may be, as near to the wish as that allows."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", wish).strip("_.-")[:MAX_USERNAME_CHARS]
    return plain if len(plain) >= 3 else f"user-{secrets.token_hex(4)}"


def is_email(address: str) -> bool:
    """Whether an account may have this address."""
    return len(address) <= MAX_EMAIL_CHARS and re.match(EMAIL_PATTERN, address) is not None
