"""Verifying, far from the platform, what it signed for people to keep: with its published keys, and without a database.

The keys are a copy of ``/.well-known/jwks.json`` or ``/.well-known/did.json``, as a file or at its address.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import click
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .did import ED25519_PREFIX
from .keys import LASTING_ALGORITHM
from .multibase import from_base58

MAX_BYTES = 1024 * 1024
TIMEOUT_S = 10
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ED25519_BYTES = 32


class Unverifiable(Exception):
    """Why something is not valid: a sentence without a full stop."""

    verdict = "NOT VALID"


class Unreadable(Unverifiable):
    """Why it can't be told whether something is valid."""

    verdict = "CAN'T TELL"


@contextmanager
def verdict() -> Iterator[None]:
    """For a command: say why not, and exit with 1."""
    try:
        yield
    except Unverifiable as error:
        click.echo(f"{error.verdict}: {plain(error)}.")
        raise SystemExit(1) from error


def plain(value: Any) -> str:
    """What a stranger's file says, without what would steer the terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(value))


@dataclass(frozen=True)
class PublishedKeys:
    """Lasting public keys by kid. ``did``: whose they are, if their document says so."""

    by_kid: dict[str, Ed25519PublicKey]
    did: str | None = None

    def key(self, kid: Any, did: str | None = None) -> Ed25519PublicKey:
        """Raises: Unverifiable unless the key is published, and by ``did``."""
        if self.did is not None and did is not None and self.did != did:
            raise Unverifiable("the given keys are of another issuer")
        if not isinstance(kid, str) or kid not in self.by_kid:
            raise Unverifiable("the key that signed it is not among the issuer's published keys")
        return self.by_kid[kid]


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kw: Any) -> None:
        return None


def read(source: str) -> bytes:
    """The content of a file, or of what is at an address. Raises: Unreadable."""
    if "://" in source:
        return fetch(source)
    try:
        with Path(source).open("rb") as file:
            return bounded(file, source)
    except (OSError, ValueError) as error:
        raise Unreadable(f"{source} can't be read") from error


def fetch(address: str) -> bytes:
    """What is at an address: https, or http on this machine. Raises: Unreadable."""
    try:
        parts = urlsplit(address)
        if parts.scheme != "https" and (parts.scheme, parts.hostname in LOOPBACK) != ("http", True):
            raise Unreadable(f"{address} can't be trusted: it is not https")
        with build_opener(NoRedirect).open(address, timeout=TIMEOUT_S) as answer:
            return bounded(answer, address)
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise Unreadable(f"{address} can't be read") from error


def bounded(stream: Any, source: str) -> bytes:
    content: bytes = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Unreadable(f"{source} is too large")
    return content


def read_object(content: bytes, what: str) -> dict[str, Any]:
    """A JSON object. Raises: Unverifiable also if a key is given twice: two readers could see two things."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key is given twice")
        return dict(pairs)

    try:
        found = json.loads(content, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Unverifiable(f"{what} is not JSON") from error
    if not isinstance(found, dict):
        raise Unverifiable(f"{what} is not a JSON object")
    return found


def keys_address(did: str) -> str:
    """Where the DID document of a ``did:web`` is (did:web, 3.2). Raises: Unverifiable."""
    host, *path = (unquote(part) for part in did.removeprefix("did:web:").split(":"))
    if not did.startswith("did:web:") or not host or any("/" in part for part in (host, *path)):
        raise Unverifiable("its issuer has no address at which keys could be published")
    return "/".join(["https:/", host, *(path or [".well-known"]), "did.json"])


def read_keys(content: bytes) -> PublishedKeys:
    """The Ed25519 keys of a JWK set or of a DID document; others are passed over. Raises: Unverifiable."""
    document = read_object(content, "the file of keys")
    try:
        if "keys" in document:
            return PublishedKeys({jwk["kid"]: from_jwk(jwk) for jwk in document["keys"] if is_lasting(jwk)})
        did, asserting = str(document["id"]), set(document["assertionMethod"])
        methods = [method for method in document["verificationMethod"] if method["id"] in asserting]
        prefix = f"{did}#"
        return PublishedKeys({method["id"].removeprefix(prefix): from_multikey(method) for method in methods}, did)
    except (KeyError, TypeError, ValueError, AttributeError, jwt.PyJWTError) as error:
        raise Unverifiable("the file of keys is neither a JWK set nor a DID document") from error


def is_lasting(jwk: dict[str, Any]) -> bool:
    return jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519" and jwk.get("alg") == LASTING_ALGORITHM


def from_jwk(jwk: dict[str, Any]) -> Ed25519PublicKey:
    """Raises: ValueError, jwt.PyJWTError."""
    key = jwt.PyJWK(jwk, LASTING_ALGORITHM).key
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("a private key")
    return key


def from_multikey(method: dict[str, Any]) -> Ed25519PublicKey:
    """Raises: ValueError."""
    raw = from_base58(method["publicKeyMultibase"], len(ED25519_PREFIX) + ED25519_BYTES)
    if method["type"] != "Multikey" or not raw.startswith(ED25519_PREFIX):
        raise ValueError("not an Ed25519 Multikey")
    return Ed25519PublicKey.from_public_bytes(raw.removeprefix(ED25519_PREFIX))


def read_jws(token: str, typ: str) -> tuple[Any, dict[str, Any]]:
    """The kid and the claims that a JWS says it has; nothing of it is verified. Raises: Unverifiable."""
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, RecursionError) as error:
        raise Unverifiable("the file holds no signed statement") from error
    if header != {"alg": LASTING_ALGORITHM, "typ": typ, "kid": header.get("kid")}:
        raise Unverifiable("the file holds a signed statement of another kind")
    return header["kid"], claims


def verify_jws(token: str, key: Ed25519PublicKey) -> None:
    """Raises: Unverifiable."""
    try:
        jwt.PyJWS().decode(token, key, algorithms=[LASTING_ALGORITHM])
    except jwt.PyJWTError as error:
        raise Unverifiable("the signature is not the issuer's, or what was signed has been changed") from error
