"""Verbs of signing in with a provider.

A login is two short transactions around the talk with the provider: nothing is held while another house thinks.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update

from courseplatform.api import ApiError, Conflict, Forbidden, Invalid, Request, Unauthenticated
from plugins.accounts.api import (
    User,
    find_by_login,
    get_active_user,
    is_email,
    open_session,
    register_external,
    user_of_session,
)

from .models import ExternalIdentity, OidcLogin
from .providers import Provider

LOGIN_TTL = timedelta(minutes=10)
TAKEN = "An account here has your e-mail address."
LINK = "Sign in to it another way, then link this identity in your profile."


@dataclass(frozen=True)
class Begun:
    """A login under way. ``browser_key`` is the browser's alone: only who holds it may end what was begun."""

    authorization_url: str
    state: str
    browser_key: str


def begin_login(
    request: Request, provider: Provider, *, redirect_uri: str | None = None, session_id: UUID | None = None
) -> Begun:
    """Prepare a login; with ``session_id``, the linking of an identity to that session's user.

    Raises: Invalid for a redirect address that the settings don't name; Unavailable, 502.
    """
    own = f"{request.registry.settings['http.base_url']}/api/auth/oauth/{provider.name}/callback/"
    if redirect_uri not in (None, own, *request.registry.settings["oidc.redirect_uris"]):
        raise Invalid.field("redirect_uri", "must be one that the platform's settings name", "querystring")
    state, nonce, code_verifier, browser_key = (secrets.token_urlsafe(48) for _ in range(4))
    target = redirect_uri or own
    url = provider.authorization_url(
        state=state, nonce=nonce, code_verifier=code_verifier, redirect_uri=target, now=request.now
    )
    with request.own_transaction() as own_request:
        own_request.db.add(
            OidcLogin(
                state_sha256=sha256(state),
                browser_sha256=sha256(browser_key),
                provider=provider.name,
                nonce=nonce,
                code_verifier=code_verifier,
                redirect_uri=target,
                session_id=session_id,
                created_at=request.now,
                expires_at=request.now + LOGIN_TTL,
            )
        )
    return Begun(url, state, browser_key)


def finish_login(
    request: Request,
    provider: Provider,
    *,
    state: str,
    browser_key: str,
    code: str | None,
    iss: str | None,
) -> dict[str, Any] | ExternalIdentity:
    """End a login: a new session's tokens, or the identity if it was to be linked.

    ``code`` is None when the provider refused. However it ends, the login is used up by it.
    Raises: ApiError("login_invalid" | "provider_mismatch" | "provider_untrusted"), Forbidden, Conflict, Unavailable.
    """
    login = claim_login(request, provider, state=state, browser_key=browser_key)
    # Before anything is sent: a code that came from another provider must not be shown to this one (RFC 9207).
    if iss != provider.issuer and (iss is not None or provider.announces_iss(request.now)):
        raise ApiError("provider_mismatch")
    if code is None:
        raise Forbidden("provider_denied")
    claims = provider.redeem(
        code,
        code_verifier=login.code_verifier,
        nonce=login.nonce,
        redirect_uri=login.redirect_uri,
        now=request.now,
    )
    with request.own_transaction() as own_request:
        if login.session_id is None:
            return sign_in(own_request, provider, claims)
        return link(own_request, provider, claims, session_id=login.session_id)


def claim_login(request: Request, provider: Provider, *, state: str, browser_key: str) -> OidcLogin:
    """Take the login that this browser began with this provider. Once, whatever comes of it.

    Raises: ApiError("login_invalid").
    """
    with request.own_transaction() as own_request:
        mine = update(OidcLogin).where(
            OidcLogin.state_sha256 == sha256(state),
            OidcLogin.browser_sha256 == sha256(browser_key),
            OidcLogin.provider == provider.name,
            OidcLogin.used_at.is_(None),
            OidcLogin.expires_at > request.now,
        )
        login = own_request.db.scalars(mine.values(used_at=request.now).returning(OidcLogin)).one_or_none()
    if login is None:
        raise ApiError("login_invalid")
    return login


def sign_in(request: Request, provider: Provider, claims: dict[str, Any]) -> dict[str, Any]:
    """A new session's tokens for whoever the claims name; makes a student's account where the provider may.

    Raises: Forbidden("account_inactive" | "registration_closed"), Conflict("email_taken").
    """
    identity = find_identity(request, provider, claims)
    if identity is None:
        # Two first sign-ins of one person at once make one account: the second waits here, and finds it.
        key = f"{provider.issuer} {claims['sub']}"
        request.db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
        identity = find_identity(request, provider, claims) or register(request, provider, claims)
    if get_active_user(request, identity.user_id) is None:
        raise Forbidden("account_inactive")
    identity.last_used_at = request.now
    return open_session(request, identity.user_id)


def find_identity(request: Request, provider: Provider, claims: dict[str, Any]) -> ExternalIdentity | None:
    same = (ExternalIdentity.issuer == provider.issuer) & (ExternalIdentity.subject == claims["sub"])
    return request.db.scalars(select(ExternalIdentity).where(same)).one_or_none()


def register(request: Request, provider: Provider, claims: dict[str, Any]) -> ExternalIdentity:
    """Make an account for an unknown identity. Raises: Forbidden("registration_closed"), Conflict("email_taken").

    An account with the same address is never taken over: that the provider calls an address verified says who reads its
    mail today, not who made the account.
    """
    email = text_of(claims, "email")
    email = email if is_email(email) else ""
    if email and find_by_login(request, email) is not None:
        raise Conflict("email_taken", TAKEN, remedy=LINK)
    if not provider.allow_registration:
        raise Forbidden("registration_closed")
    user = register_external(
        request,
        username=text_of(claims, "preferred_username") or email.partition("@")[0] or text_of(claims, "name"),
        email=email if email and claims.get("email_verified") is True else None,
        first_name=text_of(claims, "given_name") or text_of(claims, "name"),
        last_name=text_of(claims, "family_name"),
    )
    return add_identity(request, provider, claims, user_id=user.id)


def link(request: Request, provider: Provider, claims: dict[str, Any], *, session_id: UUID) -> ExternalIdentity:
    """Link an identity with the user of the session that asked for it. Idempotent.

    Raises: Unauthenticated if that session has ended meanwhile; Conflict("identity_taken"), also by constraint.
    """
    user = user_of_session(request, session_id)
    if user is None:
        raise Unauthenticated("invalid_token")
    identity = find_identity(request, provider, claims)
    if identity is None:
        return add_identity(request, provider, claims, user_id=user.id)
    if identity.user_id != user.id:
        raise Conflict("identity_taken")
    return identity


def add_identity(request: Request, provider: Provider, claims: dict[str, Any], *, user_id: UUID) -> ExternalIdentity:
    identity = ExternalIdentity(
        user_id=user_id,
        issuer=provider.issuer,
        subject=claims["sub"],
        provider=provider.name,
        email=text_of(claims, "email") or None,
        created_at=request.now,
        last_used_at=request.now,
    )
    request.db.add(identity)
    request.db.flush()
    request.audit("identity.linked", user_id=user_id, target_user_id=user_id, identity_id=identity.id)
    return identity


def unlink(request: Request, identity: ExternalIdentity) -> None:
    """Take an identity off its account. Raises: Conflict("last_way_in"), also while another is being taken off."""
    owner = select(User).where(User.id == identity.user_id).with_for_update(key_share=True)
    user = request.db.scalars(owner.execution_options(populate_existing=True)).one()
    others = exists().where(ExternalIdentity.user_id == user.id, ExternalIdentity.id != identity.id)
    if user.password_hash is None and not request.db.scalar(select(others)):
        raise Conflict("last_way_in")
    request.db.delete(identity)
    request.db.flush()
    request.audit("identity.unlinked", target_user_id=user.id, identity_id=identity.id)


def forget_user(request: Request, user_id: UUID) -> None:
    """Delete the identities of a leaving user. Idempotent."""
    request.db.execute(delete(ExternalIdentity).where(ExternalIdentity.user_id == user_id))


def text_of(claims: dict[str, Any], name: str) -> str:
    """A claim as text that can be stored, "" if it is none."""
    value = claims.get(name)
    is_fine = isinstance(value, str) and len(value) <= 1000 and value.isprintable()
    return value.strip() if is_fine else ""


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
