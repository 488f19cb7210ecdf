"""Access tokens: pyramid-jwt signs and reads them; the identity behind one is read from the database each time.

pyramid-jwt as it comes accepts tokens without expiry and knows neither issuer nor token type; ``TokenEngine`` demands
``exp iat sub jti aud iss sid`` and the header ``typ: at+jwt`` (RFC 9068).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
from pyramid.config import Configurator
from pyramid_jwt.policy import JWTAuthenticationPolicy
from sqlalchemy import DateTime, Select, Uuid, bindparam, select

from courseplatform.api import Request, Unauthenticated

from .models import SignInSession, User

TOKEN_TYPE = "at+jwt"  # noqa: S105
REQUIRED_CLAIMS = ("exp", "iat", "sub", "jti", "aud", "iss", "sid")
MAX_TOKEN_CHARS = 4096


class TokenEngine(JWTAuthenticationPolicy):
    def __init__(self, secret: str, issuer: str, ttl_s: int) -> None:
        super().__init__(secret, algorithm="HS256", auth_type="Bearer", expiration=ttl_s, audience=issuer)
        self.issuer, self.ttl_s = issuer, ttl_s

    def create_token(self, principal: UUID, expiration: Any = None, audience: Any = None, **claims: Any) -> str:
        now = datetime.now(UTC)
        payload = {
            **claims,
            "sub": str(principal),
            "iat": now,
            "exp": now + timedelta(seconds=self.ttl_s),
            "aud": self.audience,
            "iss": self.issuer,
            "jti": uuid4().hex,
        }
        return jwt.encode(payload, self.private_key, algorithm=self.algorithm, headers={"typ": TOKEN_TYPE})

    def jwt_decode(self, request: Request, token: str) -> dict[str, Any]:
        """The claims, or {} for anything but a living access token of ours."""
        try:
            if jwt.get_unverified_header(token).get("typ") != TOKEN_TYPE:
                return {}
            return jwt.decode(
                token,
                self.public_key,
                algorithms=[self.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                options={"require": list(REQUIRED_CLAIMS)},
            )
        except jwt.InvalidTokenError:
            return {}


@dataclass(frozen=True)
class Identity:
    """Who calls. ``role`` and session are as the database has them now."""

    id: UUID
    role: str
    username: str
    session_id: UUID


class Identities:
    """Core's ``IdentitySource``."""

    def __init__(self, engine: TokenEngine) -> None:
        self.engine = engine

    def claims(self, request: Request) -> dict[str, Any] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = token.strip()
        claims = self.engine.jwt_decode(request, token) if len(token) <= MAX_TOKEN_CHARS else {}
        try:
            return {"user_id": UUID(claims["sub"]), "session_id": UUID(claims["sid"]), "now": request.now}
        except (KeyError, ValueError, AttributeError, TypeError) as error:
            raise Unauthenticated("invalid_token") from error

    def statement(self) -> Select[Any]:
        return (
            select(User.id, User.role, User.username, SignInSession.id.label("session_id"))
            .join(SignInSession, SignInSession.user_id == User.id)
            .where(
                User.id == bindparam("user_id", type_=Uuid()),
                User.is_active,
                SignInSession.id == bindparam("session_id", type_=Uuid()),
                SignInSession.ended_at.is_(None),
                SignInSession.expires_at > bindparam("now", type_=DateTime(timezone=True)),
            )
        )

    def identity(self, row: Any) -> Identity:
        return Identity(row.id, row.role, row.username, row.session_id)


def includeme(config: Configurator) -> None:
    def make() -> None:
        settings = config.registry.settings
        engine = TokenEngine(
            settings["accounts.token_secret"],
            settings["accounts.token_issuer"],
            settings["accounts.access_token_ttl_s"],
        )
        config.registry["accounts.tokens"] = engine
        config.registry["identity.source"] = Identities(engine)

    config.action("identity source", make)
