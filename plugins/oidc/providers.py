"""Providers, as the settings name them, and what they say: metadata, keys, ID tokens.

``oidc.providers = google keycloak`` names them; ``oidc.<name>.…`` describes each. Adding one needs no code.
"""

import hashlib
import re
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from pyramid.settings import asbool, aslist

from courseplatform.api import ApiError, Configurator, Unavailable, raw_setting

from .transport import Session, safe_url

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
#: Never one whose key the client knows too: a public key must not be taken for a shared secret.
ASYMMETRIC = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
FRESH = timedelta(hours=1)
#: How many threads may wait for one provider at a time; the rest of the platform keeps the others.
MAX_TALKS, MAX_WAIT_S = 4, 0.5
LEEWAY_S = 60
MAX_SUBJECT_CHARS = 255


@dataclass
class Provider:
    """One provider. Its metadata and keys are fetched when first needed, and again when an hour old."""

    name: str
    issuer: str
    client_id: str
    client_secret: str | None
    scope: str
    allow_registration: bool
    cache: dict[str, tuple[datetime, Any]] = field(default_factory=dict, repr=False)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    slots: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MAX_TALKS), repr=False)

    @contextmanager
    def session(self, redirect_uri: str | None = None) -> Iterator[Session]:
        """Raises: Unavailable("provider_unavailable") if too many talk with it already."""
        if not self.slots.acquire(timeout=MAX_WAIT_S):
            raise Unavailable("provider_unavailable")
        try:
            with Session(
                client_id=self.client_id, client_secret=self.client_secret, scope=self.scope, redirect_uri=redirect_uri
            ) as session:
                yield session
        finally:
            self.slots.release()

    def cached(self, key: str, url: str, now: datetime, is_stale: bool = False) -> dict[str, Any]:
        """What is at ``url``, not older than an hour."""
        with self.lock:
            fetched_at, value = self.cache.get(key, (None, None))
        if fetched_at is None or is_stale or not timedelta() <= now - fetched_at < FRESH:
            with self.session() as session:
                value = session.read(url)
            with self.lock:
                self.cache[key] = now, value
        return value

    def metadata(self, now: datetime) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0. Raises: ApiError("provider_untrusted") unless it speaks of this issuer."""
        url = self.issuer.removesuffix("/") + "/.well-known/openid-configuration"
        found = self.cached("metadata", url, now)
        try:
            for key in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                safe_url(found.get(key))
            if found.get("userinfo_endpoint") is not None:
                safe_url(found["userinfo_endpoint"])
        except ValueError as error:
            raise ApiError("provider_untrusted") from error
        if found.get("issuer") != self.issuer:
            raise ApiError("provider_untrusted")
        return found

    def authorization_url(self, *, state: str, nonce: str, code_verifier: str, redirect_uri: str, now: datetime) -> str:
        """Where the browser goes to sign in."""
        endpoint = self.metadata(now)["authorization_endpoint"]
        with self.session(redirect_uri) as session:
            url, _ = session.create_authorization_url(endpoint, state=state, nonce=nonce, code_verifier=code_verifier)
        return str(url)

    def announces_iss(self, now: datetime) -> bool:
        """RFC 9207: whether an answer without ``iss`` can't be this provider's."""
        return self.metadata(now).get("authorization_response_iss_parameter_supported") is True

    def redeem(self, code: str, *, code_verifier: str, nonce: str, redirect_uri: str, now: datetime) -> dict[str, Any]:
        """What the provider vouches for, in exchange for a code. Raises: Forbidden, Unavailable, 502."""
        metadata = self.metadata(now)
        with self.session(redirect_uri) as session:
            methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
            if self.client_secret and "client_secret_basic" not in methods and "client_secret_post" in methods:
                session.token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - the name of a method
            tokens = session.exchange(metadata["token_endpoint"], code, code_verifier)
        claims = self.verified(tokens, metadata, nonce, now)
        access_token = tokens.get("access_token")
        if "email" not in claims and metadata.get("userinfo_endpoint") and isinstance(access_token, str):
            with self.session() as session:
                more = session.read(metadata["userinfo_endpoint"], access_token)
            if more.get("sub") != claims["sub"]:  # OpenID Connect Core 5.3.2
                raise ApiError("provider_untrusted")
            claims = {**more, **claims}
        return claims

    def verified(self, tokens: dict[str, Any], metadata: dict[str, Any], nonce: str, now: datetime) -> dict[str, Any]:
        """The claims of the ID token, once all that OpenID Connect Core 3.1.3.7 demands of them is true."""
        announced = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [name for name in ASYMMETRIC if name in announced]
        text = tokens.get("id_token")
        try:
            if not isinstance(text, str):
                raise ValueError
            try:
                token = jwt.decode(text, self.keys(metadata, now), algorithms)
            except InvalidKeyIdError:  # the provider may have changed its keys since we looked
                token = jwt.decode(text, self.keys(metadata, now, is_stale=True), algorithms)
            self.check(token.claims, nonce, now)
            check_half_hash(token, tokens.get("access_token"))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ApiError("provider_untrusted") from error
        return token.claims

    def keys(self, metadata: dict[str, Any], now: datetime, is_stale: bool = False) -> KeySet:
        return KeySet.import_key_set(self.cached("jwks", metadata["jwks_uri"], now, is_stale))

    def check(self, claims: dict[str, Any], nonce: str, now: datetime) -> None:
        """Raises: JoseError, ValueError."""
        jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if claims.get("azp", self.client_id) != self.client_id or (len(audience) > 1 and "azp" not in claims):
            raise ValueError("made for another client")
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject.isprintable() or len(subject) > MAX_SUBJECT_CHARS:
            raise ValueError("not a subject")


def check_half_hash(token: Any, access_token: Any) -> None:
    """``at_hash``, where present, ties the access token to the ID token. Raises: ValueError."""
    at_hash = token.claims.get("at_hash")
    if at_hash is None:
        return
    size = token.header["alg"][-3:]
    digest = hashlib.new(f"sha{size}" if size.isdigit() else "sha512", access_token.encode()).digest()
    expected = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    if not compare_digest(expected, str(at_hash).encode()):
        raise ValueError("another access token")


def issuer_url(text: str) -> str:
    """An issuer, exactly as its metadata spells it. Raises: ValueError."""
    if "?" in safe_url(text):
        raise ValueError
    return text


def provider_names(config: Configurator) -> list[str]:
    """Raises: ValueError, and so no start, for a name that could not stand in an address and a variable."""
    found = aslist(raw_setting(config.registry.settings, "oidc.providers") or "")
    for name in found:
        if not NAME.fullmatch(name) or name in ("providers", "redirect_uris"):
            raise ValueError(f"oidc.providers: {name} may have lower-case letters, digits and '_'")
    return list(dict.fromkeys(found))


def includeme(config: Configurator) -> None:
    names = provider_names(config)
    config.add_setting("oidc.providers", aslist, default=[])
    config.add_setting("oidc.redirect_uris", redirect_uris, default=[])
    for name in names:
        config.add_setting(f"oidc.{name}.issuer", issuer_url, required=True)
        config.add_setting(f"oidc.{name}.client_id", required=True)
        # Made by the provider, who knows what is long enough. None: a public client, which PKCE alone protects.
        config.add_setting(f"oidc.{name}.client_secret", secret=True, min_chars=16)
        config.add_setting(f"oidc.{name}.scope", default="openid email profile")
        config.add_setting(f"oidc.{name}.allow_registration", asbool, default=False)

    def make() -> None:
        settings = config.registry.settings
        parts = ("issuer", "client_id", "client_secret", "scope", "allow_registration")
        config.registry["oidc.providers"] = {
            name: Provider(name, *(settings[f"oidc.{name}.{part}"] for part in parts)) for name in names
        }

    config.action("oidc providers", make)


def redirect_uris(text: str) -> list[str]:
    """Raises: ValueError."""
    return [safe_url(uri) for uri in aslist(text)]
