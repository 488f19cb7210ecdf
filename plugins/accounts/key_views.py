"""``/.well-known/jwks.json`` and ``/.well-known/did.json``: where others find the keys that verify what we sign."""

from typing import Any

from courseplatform.api import NO_PERMISSION_REQUIRED, Configurator, Request

from .did import did_document
from .keys import jwks

#: A verifier that meets an unknown ``kid`` asks again; a key that was destroyed in an emergency is forgotten this fast.
MAX_AGE_S = 300


def show_keys(request: Request) -> dict[str, Any]:
    """The public signing keys, also those that no longer sign but still verify."""
    cache(request)
    return jwks(request)


def show_did(request: Request) -> dict[str, Any]:
    """The platform's DID document: the public keys of what people keep, for ever."""
    cache(request)
    return did_document(request)


def cache(request: Request) -> None:
    request.response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_S}"


def includeme(config: Configurator) -> None:
    # did:web looks at the root for a platform at a domain's root, else beside its path: ours, whatever we are behind.
    for name, path, view in (
        ("jwks", "/.well-known/jwks.json", show_keys),
        ("did", "/.well-known/did.json", show_did),
        ("did_beneath", "/did.json", show_did),
    ):
        config.add_route(name, path)
        config.add_view(view, route_name=name, renderer="json", permission=NO_PERMISSION_REQUIRED, request_method="GET")
