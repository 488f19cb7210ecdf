"""``/.well-known/jwks.json``: where others find the keys that verify what we sign."""

from typing import Any

from pyramid.config import Configurator

from courseplatform.api import NO_PERMISSION_REQUIRED, Request

from .keys import jwks

#: A verifier that meets an unknown ``kid`` asks again; a key that was destroyed in an emergency is forgotten this fast.
MAX_AGE_S = 300


def show_keys(request: Request) -> dict[str, Any]:
    """The public signing keys, also those that no longer sign but still verify."""
    request.response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_S}"
    return jwks(request)


def includeme(config: Configurator) -> None:
    config.add_route("jwks", "/.well-known/jwks.json")
    config.add_view(
        show_keys, route_name="jwks", renderer="json", permission=NO_PERMISSION_REQUIRED, request_method="GET"
    )
