"""Who stands behind an OAuth access token or a personal one: one statement, read anew at each request.

So the end of the user's activity, of the consent, of the client or of one of its scopes is felt by the next request.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Select, Text, Uuid, bindparam, literal_column, or_, select, update
from sqlalchemy.orm import aliased

from courseplatform.api import Request
from plugins.accounts.api import User

from .models import OAuthClient, OAuthConsent, OAuthGrant, OAuthToken, PersonalToken
from .secrets import sha256

NOTE_USE_EVERY = timedelta(hours=1)

# Named by hand: local roles name this column from any depth of sub-select, and join the table of users themselves.
Caller = aliased(User, name="caller")
# Not "token_sha256": an UPDATE would take a parameter with the name of a column for a value to set.
SHOWN_SHA256 = bindparam("shown_sha256", type_=Text())
NOW = bindparam("now", type_=DateTime(timezone=True))
NOTED_BEFORE = bindparam("noted_before", type_=DateTime(timezone=True))


@dataclass(frozen=True)
class ScopedIdentity:
    """A user, as far as a token's scopes reach. There is no session."""

    id: UUID
    role: str
    username: str
    scopes: frozenset[str]
    is_email_verified: bool
    session_id: None = None


class TokenIdentities:
    """Core's ``IdentitySource`` for opaque tokens."""

    user_id = literal_column("caller.id", type_=Uuid())

    def claims(self, request: Request) -> dict[str, Any] | None:
        token = request.headers["Authorization"].partition(" ")[2].strip()
        return {"shown_sha256": sha256(token), "now": request.now, "noted_before": request.now - NOTE_USE_EVERY}


class AccessTokenIdentities(TokenIdentities):
    def statement(self) -> Select[Any]:
        return (
            select(
                Caller.id,
                Caller.role,
                Caller.username,
                Caller.email_verified_at,
                OAuthToken.scopes.label("scopes"),
                OAuthClient.scopes.label("client_scopes"),
            )
            .select_from(OAuthToken)
            .join(OAuthGrant, OAuthGrant.id == OAuthToken.grant_id)
            .join(OAuthConsent, OAuthConsent.id == OAuthGrant.consent_id)
            .join(OAuthClient, OAuthClient.id == OAuthConsent.client_id)
            .join(Caller, Caller.id == OAuthConsent.user_id)
            .where(
                OAuthToken.token_sha256 == SHOWN_SHA256,
                OAuthToken.kind == "access",
                OAuthToken.expires_at > NOW,
                Caller.is_active,
            )
        )

    def identity(self, row: Any) -> ScopedIdentity:
        scopes = frozenset(row.scopes) & frozenset(row.client_scopes)
        return ScopedIdentity(row.id, row.role, row.username, scopes, row.email_verified_at is not None)


class PersonalTokenIdentities(TokenIdentities):
    def statement(self) -> Select[Any]:
        """Notes the use besides, unless another request is about to: nobody waits for that."""
        is_due = or_(PersonalToken.last_used_at.is_(None), PersonalToken.last_used_at < NOTED_BEFORE)
        due = (
            select(PersonalToken.id)
            .where(PersonalToken.token_sha256 == SHOWN_SHA256, PersonalToken.expires_at > NOW, is_due)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        noting = (
            update(PersonalToken).where(PersonalToken.id == due).values(last_used_at=NOW).returning(PersonalToken.id)
        )
        return (
            select(
                Caller.id, Caller.role, Caller.username, Caller.email_verified_at, PersonalToken.scopes.label("scopes")
            )
            .select_from(PersonalToken)
            .join(Caller, Caller.id == PersonalToken.user_id)
            .where(PersonalToken.token_sha256 == SHOWN_SHA256, PersonalToken.expires_at > NOW, Caller.is_active)
            .add_cte(noting.cte("noting"))
        )

    def identity(self, row: Any) -> ScopedIdentity:
        return ScopedIdentity(row.id, row.role, row.username, frozenset(row.scopes), row.email_verified_at is not None)


access_tokens, personal_tokens = AccessTokenIdentities(), PersonalTokenIdentities()
