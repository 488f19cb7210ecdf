"""Verbs of what is registered: clients by administrators, personal tokens by users."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from courseplatform.api import Conflict, Invalid, Request, Unauthenticated, known_scopes
from plugins.accounts.api import user_of_session

from . import secrets
from .models import OAuthClient, OAuthConsent, OAuthGrant, PersonalToken
from .operations import INTROSPECT

MAX_PERSONAL_TTL = timedelta(days=366)


def check_scopes(request: Request, scopes: list[str], *extra: str) -> list[str]:
    """The scopes in order, once each. Raises: Invalid for an unknown one."""
    if not set(scopes) <= {*known_scopes(request.registry), *extra}:
        raise Invalid.field("scopes", "must be scopes of this platform: GET /api/oauth/scopes/ lists them")
    return sorted(set(scopes))


def check_client(client: OAuthClient) -> None:
    """Raises: Invalid for what doesn't go together."""
    if "authorization_code" in client.grant_types and not client.redirect_uris:
        raise Invalid.field("redirect_uris", "is required for authorization_code")
    if "client_credentials" in client.grant_types and not client.is_confidential:
        raise Invalid.field("grant_types", "client_credentials is for confidential clients")


def register_client(request: Request, *, is_confidential: bool, **values: Any) -> tuple[OAuthClient, str | None]:
    """A new client, and its secret, which is not to be had again. Raises: Invalid."""
    secret = secrets.make(secrets.CLIENT_SECRET) if is_confidential else None
    values["scopes"] = check_scopes(request, values["scopes"], INTROSPECT)
    client = OAuthClient(secret_sha256=secret and secrets.sha256(secret), created_at=request.now, **values)
    check_client(client)
    request.db.add(client)
    request.db.flush()
    request.audit("oauth.client_registered", client_id=client.id)
    return client, secret


def update_client(request: Request, client: OAuthClient, changes: dict[str, Any]) -> None:
    """Change a client. A scope that it loses is lost by its tokens too. Raises: Invalid."""
    if "scopes" in changes:
        changes = {**changes, "scopes": check_scopes(request, changes["scopes"], INTROSPECT)}
    for name, value in changes.items():
        setattr(client, name, value)
    check_client(client)
    request.db.flush()
    request.audit("oauth.client_changed", client_id=client.id)


def replace_secret(request: Request, client: OAuthClient) -> str:
    """A new secret; the old one is worth nothing from now on. Raises: Conflict("public_client")."""
    if not client.is_confidential:
        raise Conflict("public_client")
    secret = secrets.make(secrets.CLIENT_SECRET)
    client.secret_sha256 = secrets.sha256(secret)
    request.audit("oauth.client_secret_replaced", client_id=client.id)
    return secret


def delete_client(request: Request, client: OAuthClient) -> None:
    """Delete a client with every consent, code and token of it."""
    request.db.execute(delete(OAuthClient).where(OAuthClient.id == client.id))
    request.audit("oauth.client_deleted", client_id=client.id)


def withdraw_consent(request: Request, consent: OAuthConsent) -> None:
    """End what a user lets a client do, with every code and token that came of it."""
    request.db.execute(delete(OAuthConsent).where(OAuthConsent.id == consent.id))
    request.audit("oauth.consent_withdrawn", client_id=consent.client_id)


def make_personal_token(
    request: Request, *, user_id: UUID, session_id: UUID, name: str, scopes: list[str], expires_at: datetime
) -> tuple[PersonalToken, str]:
    """A token for scripts, and its text, which is not to be had again. Raises: Invalid, Unauthenticated."""
    if not request.now < expires_at <= request.now + MAX_PERSONAL_TTL:
        raise Invalid.field("expires_at", "must be in the future, at most a year from now")
    if not scopes:
        raise Invalid.field("scopes", "must name at least one scope")
    if user_of_session(request, session_id) is None:
        raise Unauthenticated("invalid_token")
    text = secrets.make(secrets.PERSONAL)
    token = PersonalToken(
        user_id=user_id,
        name=name,
        token_sha256=secrets.sha256(text),
        scopes=check_scopes(request, scopes),
        created_at=request.now,
        expires_at=expires_at,
    )
    request.db.add(token)
    request.db.flush()
    request.audit("personal_token.made", personal_token_id=token.id)
    return token, text


def delete_personal_token(request: Request, token: PersonalToken) -> None:
    request.db.delete(token)
    request.audit("personal_token.deleted", personal_token_id=token.id)


def end_tokens(request: Request, user_id: UUID) -> None:
    """End every token that programs hold for a user. What the user consented to stays: clients have to ask again."""
    consents = select(OAuthConsent.id).where(OAuthConsent.user_id == user_id)
    request.db.execute(delete(OAuthGrant).where(OAuthGrant.consent_id.in_(consents)))
    request.db.execute(delete(PersonalToken).where(PersonalToken.user_id == user_id))


def forget_user(request: Request, user_id: UUID) -> None:
    """Delete all that is kept of a user here."""
    end_tokens(request, user_id)
    request.db.execute(delete(OAuthConsent).where(OAuthConsent.user_id == user_id))
