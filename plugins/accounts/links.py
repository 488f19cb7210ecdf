"""Links in mails: each carries a token that is stored as a hash, lives shortly and is used once.

A new link voids the older ones of its purpose. A link counts only while the account is active and still has the address
that it was mailed to; why one doesn't count is nobody's business.
"""

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, select

from courseplatform.api import Conflict, Request

from .models import EmailToken, User

LIFETIMES = {"verify": timedelta(hours=48), "reset": timedelta(hours=1), "change": timedelta(hours=48)}
#: The address below ``/api/auth/`` that a link of this purpose is about; ``…/confirm/`` beneath it takes the token.
ACTIONS = {"verify": "email-verification", "reset": "password-reset", "change": "email-change"}
DEFAULT_TEMPLATE = "{base_url}/api/auth/{action}/?token={token}"


def link_template(raw: str) -> str:
    """An address with ``{token}`` in it, perhaps ``{action}`` and ``{base_url}``. Raises: ValueError."""
    try:
        address = raw.format(base_url="https://a.example", action="verify", token="t0k3n")  # noqa: S106 - a word to look for
    except (KeyError, IndexError) as error:
        raise ValueError from error
    if "t0k3n" not in address or not address.startswith(("https://", "http://")):
        raise ValueError
    return raw


def new_link(request: Request, purpose: str) -> tuple[str, str]:
    """A token and the address to mail, of the configured base and never of a request's Host."""
    token, settings = secrets.token_urlsafe(32), request.registry.settings
    base_url, action = settings["http.base_url"], ACTIONS[purpose]
    return token, settings["accounts.link_template"].format(base_url=base_url, action=action, token=token)


def keep_link(request: Request, purpose: str, token: str, user: User, email: str) -> None:
    """Let ``token`` count from now on, instead of older ones."""
    void_links(request, user.id, purpose)
    request.db.add(
        EmailToken(
            user_id=user.id,
            purpose=purpose,
            token_sha256=hashed(token),
            email=email,
            created_at=request.now,
            expires_at=request.now + LIFETIMES[purpose],
        )
    )
    request.db.flush()


def use_link(request: Request, purpose: str, token: str) -> User:
    """Use a token up. Its user, locked. Raises: Conflict("invalid_token_link") whatever is wrong with it."""
    is_this = (EmailToken.token_sha256 == hashed(token), EmailToken.purpose == purpose)
    owner = select(EmailToken.user_id).where(*is_this).scalar_subquery()
    # The user's row first, as everybody does who changes an account.
    user = request.db.scalars(
        select(User).where(User.id == owner, User.is_active).with_for_update(key_share=True)
    ).one_or_none()
    living = select(EmailToken).where(*is_this, EmailToken.used_at.is_(None), EmailToken.expires_at > request.now)
    found = request.db.scalars(living.with_for_update()).one_or_none()
    if user is None or found is None or found.email != (user.pending_email if purpose == "change" else user.email):
        raise Conflict("invalid_token_link")
    found.used_at = request.now
    return user


def void_links(request: Request, user_id: Any, *purposes: str) -> None:
    """Forget the links of a user: those of some purposes, or all."""
    void = delete(EmailToken).where(EmailToken.user_id == user_id)
    if purposes:
        void = void.where(EmailToken.purpose.in_(purposes))
    request.db.execute(void)


def hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()
