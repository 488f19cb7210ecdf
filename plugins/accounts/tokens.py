"""Access tokens: pyramid-jwt signs and reads them; the identity behind one is read from the database each time.

pyramid-jwt as it comes knows one key and accepts tokens without expiry; ``TokenEngine`` signs with the key that signs
now, verifies with the key that ``kid`` names, and demands ``exp iat sub jti aud iss sid`` and a header of exactly
``alg``, ``kid`` and ``typ: at+jwt`` (RFC 9068): no ``jwk``, ``jku``, ``x5u`` or ``crit`` is ever looked at.
"""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Any
from uuid import UUID, uuid4

import jwt
from pyramid_jwt.policy import JWTAuthenticationPolicy
from sqlalchemy import DateTime, Select, Text, Uuid, bindparam, exists, func, literal_column, null, or_, select
from sqlalchemy.orm import aliased

from courseplatform.api import Configurator, Request, Unauthenticated

from .keys import ACCESS_ALGORITHM, KeyRing
from .models import SigningKey, SignInSession, User

TOKEN_TYPE = "at+jwt"  # noqa: S105 - the name of a type
REQUIRED_CLAIMS = ("exp", "iat", "sub", "jti", "aud", "iss", "sid")
MAX_TOKEN_CHARS = 4096
THREE_PARTS = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
#: How far the clocks of two of our machines may differ. An expiry knows no leeway.
CLOCK_SKEW_S = 5
END_OF_TIME = 253_402_300_800  # 10000-01-01
CACHED_TOKENS = 10_000


@dataclass(frozen=True)
class VerifiedToken:
    """What a token says that was signed by our key ``kid``. Times are in seconds since 1970."""

    kid: str
    user_id: UUID
    session_id: UUID
    not_before: int
    expires: int

    def is_current(self, now: datetime) -> bool:
        return self.not_before - CLOCK_SKEW_S <= now.timestamp() < self.expires


class VerifiedTokens:
    """The tokens that were verified, the latest used ones, by their hash. Never one that was refused."""

    def __init__(self, size: int = CACHED_TOKENS) -> None:
        self.size, self.lock = size, Lock()
        self.found: OrderedDict[bytes, VerifiedToken] = OrderedDict()

    def get(self, digest: bytes) -> VerifiedToken | None:
        with self.lock:
            return self.found.get(digest)

    def put(self, digest: bytes, token: VerifiedToken) -> None:
        with self.lock:
            self.found[digest] = token
            self.found.move_to_end(digest)
            if len(self.found) > self.size:
                self.found.popitem(last=False)

    def drop(self, digest: bytes) -> None:
        with self.lock:
            self.found.pop(digest, None)


class TokenEngine(JWTAuthenticationPolicy):
    def __init__(self, ring: KeyRing, issuer: str, ttl_s: int) -> None:
        super().__init__(None, algorithm=ACCESS_ALGORITHM, auth_type="Bearer", expiration=ttl_s, audience=issuer)
        self.ring, self.issuer, self.ttl_s = ring, issuer, ttl_s
        self.verified = VerifiedTokens()

    def create_token(
        self,
        principal: UUID,
        expiration: timedelta | None = None,
        audience: Any = None,
        *,
        request: Request,
        **claims: Any,
    ) -> str:
        """An access token for a user; ``sid`` names the session. One statement, to learn which key signs."""
        key = self.ring.signer(request, self.algorithm)
        payload = {
            **claims,
            "sub": str(principal),
            "iat": request.now,
            "exp": request.now + (expiration or self.expiration),
            "aud": audience or self.audience,
            "iss": self.issuer,
            "jti": uuid4().hex,
        }
        return jwt.encode(payload, key.private, key.algorithm, headers={"typ": TOKEN_TYPE, "kid": key.kid})

    def jwt_decode(self, request: Request, token: str) -> dict[str, Any]:
        """``user_id``, ``session_id`` and ``kid`` of a living access token of ours; {} for anything else."""
        if len(token) > MAX_TOKEN_CHARS or not THREE_PARTS.fullmatch(token):
            return {}
        digest = hashlib.sha256(token.encode()).digest()
        found = self.verified.get(digest)
        if found is None or found.kid not in self.ring.known:
            found = self.verify(request, token)
        if found is None or not found.is_current(request.now):
            self.verified.drop(digest)
            return {}
        self.verified.put(digest, found)
        return {"user_id": found.user_id, "session_id": found.session_id, "kid": found.kid}

    def verify(self, request: Request, token: str) -> VerifiedToken | None:
        """What a token says, whenever it is valid; None unless one of our keys for access tokens has signed it."""
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            if header != {"alg": self.algorithm, "typ": TOKEN_TYPE, "kid": kid}:
                return None
            key = self.ring.verifier(request, kid)
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key.public,
                algorithms=[key.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                # Times are checked at each use, by the platform's clock.
                options={
                    "require": list(REQUIRED_CLAIMS),
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            not_before = max(seconds(claims["iat"]), seconds(claims.get("nbf", 0)))
            return VerifiedToken(
                kid, canonical_uuid(claims["sub"]), canonical_uuid(claims["sid"]), not_before, seconds(claims["exp"])
            )
        except (jwt.InvalidTokenError, ValueError):
            return None


def seconds(claim: Any) -> int:
    """A time as we write it. Raises: ValueError for a text, a fraction, NaN or a time beyond all calendars."""
    if type(claim) is not int or not 0 <= claim < END_OF_TIME:
        raise ValueError("not a time")
    return claim


def canonical_uuid(claim: Any) -> UUID:
    """Raises: ValueError for anything but a UUID as we write it."""
    if not isinstance(claim, str) or str(found := UUID(claim)) != claim:
        raise ValueError("not a UUID")
    return found


@dataclass(frozen=True)
class Identity:
    """Who calls. ``role`` and session are as the database has them now."""

    id: UUID
    role: str
    username: str
    session_id: UUID
    is_email_verified: bool
    scopes: None = None  # signed in: not narrowed


class Identities:
    """Core's ``IdentitySource``."""

    @cached_property
    def by_name(self) -> "NamedIdentities":
        return NamedIdentities()

    def claims(self, request: Request) -> dict[str, Any] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        claims = request.registry["accounts.tokens"].jwt_decode(request, token.lstrip(" "))
        if not claims:
            raise Unauthenticated("invalid_token")
        return {**claims, "now": request.now}

    def statement(self) -> Select[Any]:
        now = bindparam("now", type_=DateTime(timezone=True))
        # A key that was dropped in another process verifies nothing here from this request on.
        is_key_living = exists().where(
            SigningKey.kid == bindparam("kid", type_=Text()),
            or_(SigningKey.expires_at.is_(None), SigningKey.expires_at > now),
        )
        return (
            select(User.id, User.role, User.username, User.email_verified_at, SignInSession.id.label("session_id"))
            .join(SignInSession, SignInSession.user_id == User.id)
            .where(
                User.id == bindparam("user_id", type_=Uuid()),
                User.is_active,
                SignInSession.id == bindparam("session_id", type_=Uuid()),
                SignInSession.ended_at.is_(None),
                SignInSession.expires_at > now,
                is_key_living,
            )
        )

    def identity(self, row: Any) -> Identity:
        return Identity(row.id, row.role, row.username, row.session_id, row.email_verified_at is not None)


class NamedIdentities(Identities):
    """Whoever the claim ``username`` names, as if signed in: for ``courseplatform explain``, never for a request."""

    user_id = literal_column("caller.id", type_=Uuid())

    def __init__(self) -> None:
        self.user = aliased(User, name="caller")

    def claims(self, request: Request) -> dict[str, Any] | None:
        return None

    def statement(self) -> Select[Any]:
        user, session_id = self.user, null().cast(Uuid()).label("session_id")
        is_named = func.lower(user.username) == func.lower(bindparam("username", type_=Text()))
        return select(user.id, user.role, user.username, user.email_verified_at, session_id).where(
            is_named, user.is_active
        )


def includeme(config: Configurator) -> None:
    def make() -> None:
        settings = config.registry.settings
        ttl_s = settings["accounts.access_token_ttl_s"]
        ring = KeyRing(settings["accounts.token_secret"], ttl_s)
        engine = TokenEngine(ring, settings["accounts.token_issuer"], ttl_s)
        config.registry["accounts.keys"], config.registry["accounts.tokens"] = ring, engine

    config.action("accounts tokens", make)
    config.set_identity_source(Identities())
