"""Verbs of authorization: codes, tokens, and how both end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from courseplatform.api import Request, Unauthenticated
from plugins.accounts.api import SignInSession, User, user_of_session

from . import secrets
from .id_tokens import id_token
from .models import OAuthClient, OAuthConsent, OAuthGrant, OAuthToken

CODE_TTL_S = 60
#: What an administrator may give a resource server: to ask about any token. No user can consent to it.
INTROSPECT = "introspect"


def user_scopes_of(client: OAuthClient) -> set[str]:
    """The scopes that this client may ask users for."""
    return set(client.scopes) - {INTROSPECT}


def has_consented(request: Request, *, user_id: UUID, client_id: UUID, scopes: list[str]) -> bool:
    """Whether the user lets the client do all of this already."""
    consented = select(OAuthConsent.scopes).where(OAuthConsent.user_id == user_id, OAuthConsent.client_id == client_id)
    return set(scopes) <= set(request.db.scalar(consented) or ())


def save_code(
    request: Request,
    *,
    code: str,
    client_id: UUID,
    user_id: UUID,
    session_id: UUID,
    scopes: list[str],
    redirect_uri: str,
    code_challenge: str,
    nonce: str | None,
) -> None:
    """Remember the user's consent, and the code that it gives the client. Raises: Unauthenticated.

    The session is held meanwhile: a password change either finds this grant and ends it, or prevents it.
    """
    if user_of_session(request, session_id) is None:
        raise Unauthenticated("invalid_token")
    given = insert(OAuthConsent).values(
        id=uuid7(), user_id=user_id, client_id=client_id, scopes=scopes, created_at=request.now
    )
    # More scopes for a client that has some: it keeps those.
    both = func.unnest(OAuthConsent.scopes + given.excluded.scopes).table_valued("scope").render_derived()
    merged = select(func.array_agg(both.c.scope.distinct())).scalar_subquery()
    consenting = given.on_conflict_do_update(index_elements=["user_id", "client_id"], set_={"scopes": merged})
    consent_id = request.db.scalar(consenting.returning(OAuthConsent.id))
    request.db.add(
        OAuthGrant(
            consent_id=consent_id,
            code_sha256=secrets.sha256(code),
            code_challenge=code_challenge,
            redirect_uri=redirect_uri,
            scopes=scopes,
            nonce=nonce,
            authenticated_at=request.db.scalar(select(SignInSession.created_at).where(SignInSession.id == session_id)),
            created_at=request.now,
            expires_at=request.now + timedelta(seconds=CODE_TTL_S),
        )
    )
    request.audit("oauth.consented", client_id=client_id, scopes=" ".join(scopes))


@dataclass(frozen=True)
class Taken:
    """A grant whose code or refresh token was shown by its client, in the words of Authlib."""

    grant: OAuthGrant
    client_id: UUID
    user_id: UUID

    @property
    def code_challenge(self) -> str:
        return self.grant.code_challenge

    def get_redirect_uri(self) -> str:
        return self.grant.redirect_uri

    def get_scope(self) -> str:
        return " ".join(self.grant.scopes)

    def check_client(self, client: Any) -> bool:
        return self.client_id == client.row.id


def take_code(request: Request, *, code: str, client_id: UUID) -> Taken | None:
    """Redeem a code, which is locked until the answer: of any number at once, one is the first.

    None for another client's, an expired or a used one. A used one ends all that the first redemption made.
    """
    found = request.db.execute(
        select(OAuthGrant, OAuthConsent.user_id)
        .join(OAuthConsent, OAuthConsent.id == OAuthGrant.consent_id)
        .where(OAuthGrant.code_sha256 == secrets.sha256(code), OAuthConsent.client_id == client_id)
        .with_for_update(of=OAuthGrant)
    ).one_or_none()
    if found is None:
        return None
    grant, user_id = found
    if grant.redeemed_at is not None:
        end_stolen(request, grant, client_id=client_id, user_id=user_id)
        return None
    if grant.expires_at <= request.now:
        return None
    grant.redeemed_at = request.now
    return Taken(grant, client_id, user_id)


def take_refresh_token(request: Request, *, refresh_token: str, client_id: UUID) -> Taken | None:
    """Use a refresh token up. None for another client's, an expired or a used one, which ends its family."""
    found = request.db.execute(
        select(OAuthToken, OAuthGrant, OAuthConsent.user_id)
        .join(OAuthGrant, OAuthGrant.id == OAuthToken.grant_id)
        .join(OAuthConsent, OAuthConsent.id == OAuthGrant.consent_id)
        .where(
            OAuthToken.token_sha256 == secrets.sha256(refresh_token),
            OAuthToken.kind == "refresh",
            OAuthToken.client_id == client_id,
        )
        .with_for_update(of=OAuthToken)
    ).one_or_none()
    if found is None:
        return None
    token, grant, user_id = found
    if token.used_at is not None:
        end_stolen(request, grant, client_id=client_id, user_id=user_id)
        return None
    if token.expires_at <= request.now:
        return None
    token.used_at = request.now
    return Taken(grant, client_id, user_id)


def end_stolen(request: Request, grant: OAuthGrant, *, client_id: UUID, user_id: UUID) -> None:
    """End a grant of which something was shown twice, after this transaction was rolled back."""
    grant_id = grant.id
    request.on_abort(lambda own: own.db.execute(delete(OAuthGrant).where(OAuthGrant.id == grant_id)))
    request.audit_now("oauth.reused", client_id=client_id, target_user_id=user_id)


def save_tokens(
    request: Request, token: dict[str, Any], *, client_id: UUID, taken: Taken | None, is_first: bool
) -> None:
    """Store what a token response holds, as hashes; add the ID token to the first one of a sign-in."""
    settings = request.registry.settings

    def store(kind: str, scopes: list[str], expires_at: datetime) -> None:
        request.db.add(
            OAuthToken(
                client_id=client_id,
                grant_id=taken and taken.grant.id,
                kind=kind,
                token_sha256=secrets.sha256(token[f"{kind}_token"]),
                scopes=scopes,
                created_at=request.now,
                expires_at=expires_at,
            )
        )

    store("access", token["scope"].split(), request.now + timedelta(seconds=token["expires_in"]))
    if taken and "refresh_token" in token:
        # However often it is refreshed: one day the user is asked again.
        end = taken.grant.created_at + timedelta(seconds=settings["oauth.grant_ttl_s"])
        ttl = timedelta(seconds=settings["oauth.refresh_token_ttl_s"])
        store("refresh", taken.grant.scopes, min(request.now + ttl, end))
    if taken and is_first and "openid" in taken.grant.scopes:
        token["id_token"] = id_token(request, taken.grant, client_id=client_id, user_id=taken.user_id)
    request.audit("oauth.tokens_issued", client_id=client_id, target_user_id=taken and taken.user_id)


@dataclass(frozen=True)
class Found:
    """A living token, in the words of Authlib. ``user`` is None for a client's own."""

    token: OAuthToken
    user: User | None

    def check_client(self, client: Any) -> bool:
        return self.token.client_id == client.row.id

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False


def find_token(request: Request, raw: str) -> Found | None:
    """A token that still opens something: not expired, not used up, of an active user."""
    found = request.db.execute(
        select(OAuthToken, User)
        .outerjoin(OAuthGrant, OAuthGrant.id == OAuthToken.grant_id)
        .outerjoin(OAuthConsent, OAuthConsent.id == OAuthGrant.consent_id)
        .outerjoin(User, User.id == OAuthConsent.user_id)
        .where(
            OAuthToken.token_sha256 == secrets.sha256(raw),
            OAuthToken.expires_at > request.now,
            OAuthToken.used_at.is_(None),
            OAuthToken.grant_id.is_(None) | User.is_active,
        )
    ).one_or_none()
    return found and Found(*found)


def client_of_token(request: Request, raw: str) -> OAuthClient | None:
    """The client whose own token this is, if it may introspect."""
    found = find_token(request, raw)
    if found is None or found.user is not None or INTROSPECT not in found.token.scopes:
        return None
    return request.db.get(OAuthClient, found.token.client_id)


def introspection(request: Request, found: Found) -> dict[str, Any]:
    """What RFC 7662, 2.2 tells of a living token."""
    token, user = found.token, found.user
    who = {"sub": str(user.id), "username": user.username} if user else {"sub": str(token.client_id)}
    return {
        "active": True,
        "iss": request.registry.settings["http.base_url"],
        "client_id": str(token.client_id),
        "scope": " ".join(token.scopes),
        "token_type": "Bearer" if token.kind == "access" else "refresh_token",
        "iat": int(token.created_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        **who,
    }


def revoke_token(request: Request, found: Found) -> None:
    """End a token: an access token alone, a refresh token with its whole family (RFC 7009, 2.1)."""
    token = found.token
    if token.kind == "refresh":
        request.db.execute(delete(OAuthGrant).where(OAuthGrant.id == token.grant_id))
    else:
        request.db.execute(delete(OAuthToken).where(OAuthToken.id == token.id))
    request.audit("oauth.revoked", client_id=token.client_id, target_user_id=found.user and found.user.id)
