"""Signing keys: made at first use, kept sealed in the database, found by ``kid`` in every process, rotated.

The database alone says which key signs and which still verifies; memory only spares opening a key twice. So a rotation
is felt everywhere at once, and a key whose transaction was rolled back does no harm.

A ``kid`` is half random and half a code that only the secret's holder can compute: a made-up one is refused without a
look at the database, and a real one that is not in memory is looked for once.

What a lasting key has signed is kept by people for decades: when it has retired its private half is destroyed like any
other's, its public half stays and is published for ever.
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from courseplatform.api import Request

from .models import SigningKey
from .sealing import Box, derived

log = logging.getLogger(__name__)

#: Signs access tokens: small, quick to make, and known to every library.
ACCESS_ALGORITHM = "ES256"
#: Signs what is to be verified in decades. RFC 9864 deprecates this JOSE name of Ed25519 (RFC 8037) in favour of
#: "Ed25519", which most libraries don't know yet; the keys stay the same when the name changes.
LASTING_ALGORITHM = "EdDSA"
MAKE: dict[str, Callable[[], Any]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    # What every OpenID Connect client must understand (OpenID Connect Core 1.0, 15.1); 3072 bits for P-256's strength.
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=3072),
    LASTING_ALGORITHM: ed25519.Ed25519PrivateKey.generate,
}
PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "n", "e")
KID_HALF = 16
#: A token may still be signed by a transaction that began before the rotation.
OVERLAP_MARGIN = timedelta(seconds=60)


@dataclass(frozen=True)
class OpenKey:
    """A key that can be used. ``algorithm`` is the only one that it is ever used with.

    ``private``: None once it has been destroyed, which leaves a key that only verifies.
    """

    kid: str
    algorithm: str
    private: Any
    public: Any

    def jwk(self) -> dict[str, str]:
        """The public half (RFC 7517)."""
        members = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.public, as_dict=True)
        public = {name: members[name] for name in PUBLIC_MEMBERS if name in members}
        return {**public, "kid": self.kid, "alg": self.algorithm, "use": "sig"}


class Seal:
    """What ``accounts.token_secret`` protects: private keys and the names of keys. One derived key for each purpose."""

    def __init__(self, secret: str) -> None:
        self.id = derived(secret, "signing keys: name of the secret")[:8].hex()
        self.naming_key = derived(secret, "signing keys: names of keys")
        self.box = Box(derived(secret, "signing keys: private keys"))

    def new_kid(self) -> str:
        return self.complete(secrets.token_hex(KID_HALF // 2))

    def complete(self, half: str) -> str:
        return half + hmac.new(self.naming_key, half.encode(), hashlib.sha256).hexdigest()[:KID_HALF]

    def has_named(self, kid: str) -> bool:
        return kid.isascii() and hmac.compare_digest(self.complete(kid[:KID_HALF]), kid)

    def close_private(self, kid: str, algorithm: str, private: Any) -> bytes:
        plain = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self.box.close(plain, f"{kid} {algorithm}")

    def close_public(self, kid: str, algorithm: str, public: Any) -> bytes:
        plain = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return self.box.close(plain, f"{kid} {algorithm} public")

    def open(self, row: Any) -> OpenKey | None:
        """The key of a row; None for one that was not sealed by us, or not for this kid and algorithm."""
        is_private = row.sealed_private_key is not None
        box = row.sealed_private_key if is_private else row.sealed_public_key
        plain = self.box.open(box, f"{row.kid} {row.algorithm}" + ("" if is_private else " public"))
        if plain is None:
            log.error("signing key %s was tampered with and is not used", row.kid)
            return None
        if not is_private:
            return OpenKey(row.kid, row.algorithm, None, serialization.load_der_public_key(plain))
        private = serialization.load_der_private_key(plain, password=None)
        return OpenKey(row.kid, row.algorithm, private, private.public_key())


class KeyRing:
    """The keys of one process. ``registry["accounts.keys"]``."""

    def __init__(self, secret: str, token_ttl_s: int) -> None:
        self.seal = Seal(secret)
        self.overlap = timedelta(seconds=token_ttl_s) + OVERLAP_MARGIN
        self.known: dict[str, OpenKey] = {}
        self.gone: set[str] = set()

    def signer(self, request: Request, algorithm: str) -> OpenKey:
        """The key that signs now. The first use makes it; of several at once, one is kept."""
        found = select(SigningKey.kid).where(
            SigningKey.algorithm == algorithm, SigningKey.secret_id == self.seal.id, SigningKey.retired_at.is_(None)
        )
        kid = request.db.scalar(found)
        if kid is None:
            self.make(request, algorithm)
            kid = request.db.scalar(found)
        key = self.known.get(kid) or self.load(request).get(kid)
        if key is None:
            raise LookupError(f"signing key {kid} can't be opened: run `courseplatform rotate-keys --emergency`")
        return key

    def verifier(self, request: Request, kid: str) -> OpenKey | None:
        """The key of this name, if it is one of ours that has not expired when it was first asked for."""
        key = self.known.get(kid)
        if key is None and kid not in self.gone and self.seal.has_named(kid):
            key = self.load(request).get(kid)
            if key is None:
                self.gone.add(kid)  # a key is stored before its first token is out: it will not come
        return key

    def load(self, request: Request) -> dict[str, OpenKey]:
        """Read every key that still verifies. By kid, the oldest first."""
        living = or_(
            SigningKey.expires_at.is_(None),
            SigningKey.expires_at > request.now,
            SigningKey.sealed_public_key.is_not(None),
        )
        rows = request.db.execute(
            select(SigningKey.kid, SigningKey.algorithm, SigningKey.sealed_private_key, SigningKey.sealed_public_key)
            .where(SigningKey.secret_id == self.seal.id, living)
            .order_by(SigningKey.created_at, SigningKey.kid)
        )
        opened = [self.remembered(row) or self.seal.open(row) for row in rows]
        # A new dict, and the caller's own: another thread may replace it at any time.
        self.known = keys = {key.kid: key for key in opened if key is not None}
        return keys

    def remembered(self, row: Any) -> OpenKey | None:
        """The key of a row as it is in memory, unless its private half has been destroyed since."""
        key = self.known.get(row.kid)
        return key if key is not None and (key.private is None) == (row.sealed_private_key is None) else None

    def make(self, request: Request, algorithm: str) -> None:
        """Add a key that signs, unless one has just been added."""
        kid, private = self.seal.new_kid(), MAKE[algorithm]()
        is_lasting = algorithm == LASTING_ALGORITHM
        made = insert(SigningKey).values(
            kid=kid,
            algorithm=algorithm,
            secret_id=self.seal.id,
            sealed_private_key=self.seal.close_private(kid, algorithm, private),
            sealed_public_key=self.seal.close_public(kid, algorithm, private.public_key()) if is_lasting else None,
            created_at=request.now,
        )
        request.db.execute(made.on_conflict_do_nothing())


def sign_jwt(request: Request, claims: dict[str, Any], *, typ: str, algorithm: str = "RS256") -> str:
    """A signed token for others to verify with our JWKS. ``typ`` keeps it from being taken for one of another kind."""
    key = request.registry["accounts.keys"].signer(request, algorithm)
    return jwt.encode(claims, key.private, algorithm=key.algorithm, headers={"typ": typ, "kid": key.kid})


def lasting_key(request: Request) -> OpenKey:
    """The key that signs what people keep for decades, Ed25519."""
    return request.registry["accounts.keys"].signer(request, LASTING_ALGORITHM)


def lasting_keys(request: Request) -> list[OpenKey]:
    """Every key that ever signed what people keep, less those that an emergency destroyed; the oldest first."""
    keys = request.registry["accounts.keys"].load(request).values()
    return [key for key in keys if key.algorithm == LASTING_ALGORITHM]


def jwks(request: Request) -> dict[str, Any]:
    """The public keys that verify what we sign (RFC 7517)."""
    return {"keys": [key.jwk() for key in request.registry["accounts.keys"].load(request).values()]}


def rotate_keys(request: Request, *, is_emergency: bool = False) -> None:
    """Sign with new keys from now on.

    The old ones verify until the last token that they signed has expired; lasting ones for ever. In an emergency they
    are destroyed, but for public halves whose private one was destroyed before: every access token is refused from the
    next request on, and refresh tokens still work; what a destroyed lasting key has signed is no longer verified by
    anybody, and is signed anew when it is next asked for.
    """
    ring: KeyRing = request.registry["accounts.keys"]
    if not is_emergency:
        purge_expired(request)
    algorithms = {ACCESS_ALGORITHM, *request.db.scalars(select(SigningKey.algorithm))}
    if is_emergency:
        request.db.execute(delete(SigningKey).where(SigningKey.sealed_private_key.is_not(None)))
    else:
        retired = update(SigningKey).where(SigningKey.retired_at.is_(None))
        request.db.execute(retired.values(retired_at=request.now, expires_at=request.now + ring.overlap))
    for algorithm in sorted(algorithms):
        ring.make(request, algorithm)
    request.audit("keys_rotated", is_emergency=is_emergency)


def purge_expired(request: Request) -> None:
    """Destroy the keys that verify nothing any more, and of lasting ones the private half."""
    is_expired, is_lasting = SigningKey.expires_at <= request.now, SigningKey.sealed_public_key.is_not(None)
    request.db.execute(delete(SigningKey).where(is_expired, ~is_lasting))
    halved = update(SigningKey).where(is_expired, is_lasting, SigningKey.sealed_private_key.is_not(None))
    request.db.execute(halved.values(sealed_private_key=None))
