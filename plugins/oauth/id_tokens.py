"""Who signed in, for clients that ask with the scope ``openid`` (OpenID Connect Core 1.0)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from courseplatform.api import Request
from plugins.accounts.api import User, sign_jwt

from .models import OAuthGrant

ID_TOKEN_TTL_S = 300


def id_token(request: Request, grant: OAuthGrant, *, client_id: UUID, user_id: UUID) -> str:
    """A signed ID token. It says who and when; the profile is at the userinfo endpoint (5.4)."""
    claims: dict[str, Any] = {
        "iss": request.registry.settings["http.base_url"],
        "sub": str(user_id),
        "aud": str(client_id),
        "iat": request.now,
        "exp": request.now + timedelta(seconds=ID_TOKEN_TTL_S),
        "auth_time": int(grant.authenticated_at.timestamp()),
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    return sign_jwt(request, claims, typ="JWT")


def user_claims(user: User, scopes: frozenset[str] | None) -> dict[str, Any]:
    """The claims of OpenID Connect Core, 5.1 that these scopes open (5.4); None opens all."""
    claims: dict[str, Any] = {"sub": str(user.id)}
    if scopes is None or "profile" in scopes:
        claims |= {
            "name": user.full_name,
            "given_name": user.first_name,
            "family_name": user.last_name,
            "preferred_username": user.username,
            "locale": user.locale,
            "zoneinfo": user.timezone,
        }
    if scopes is None or "email" in scopes:
        claims |= {"email": user.email, "email_verified": user.email_verified_at is not None}
    return claims
