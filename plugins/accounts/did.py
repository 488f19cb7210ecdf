"""The platform's name in what it signs for ever: ``did:web`` of its address, resolvable from the platform alone.

The DID document lists the lasting keys, the retired ones too; ``/.well-known/jwks.json`` has the same ones as JWKs.
"""

from typing import Any
from urllib.parse import quote, urlsplit

from courseplatform.api import Request

from .keys import OpenKey, lasting_keys
from .multibase import to_base58

#: What a Multikey of an Ed25519 public key begins with (W3C Controlled Identifiers 1.0, 2.2.2).
ED25519_PREFIX = b"\xed\x01"
CONTEXTS = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]


def did_of(base_url: str) -> str:
    """``https://courses.example.org:8443/a`` is ``did:web:courses.example.org%3A8443:a`` (did:web, 3.1)."""
    parts = urlsplit(base_url)
    path = [quote(segment, safe="") for segment in parts.path.split("/") if segment]
    return ":".join(["did", "web", quote(parts.netloc.lower(), safe=""), *path])


def platform_did(request: Request) -> str:
    return did_of(request.registry.settings["http.base_url"])


def verification_method(did: str, kid: str) -> str:
    """What a signature names as its key."""
    return f"{did}#{kid}"


def did_document(request: Request) -> dict[str, Any]:
    """Who we are and which keys verify what people keep of us (W3C DID Core 1.0)."""
    did = platform_did(request)
    methods = [method_json(did, key) for key in lasting_keys(request)]
    return {
        "@context": CONTEXTS,
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def method_json(did: str, key: OpenKey) -> dict[str, str]:
    return {
        "id": verification_method(did, key.kid),
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": to_base58(ED25519_PREFIX + key.public.public_bytes_raw()),
    }
