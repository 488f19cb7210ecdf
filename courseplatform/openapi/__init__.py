"""What clients live from: ``GET /api/swagger.json`` (Swagger 2.0) and ``/api/openapi.json`` (3.1), from the code.

Made once per application, at the first request: it asks no database anything.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from .document import document_of
from .openapi3 import to_openapi3
from .refusals import add_refusal


def show_swagger(request: Request) -> Response:
    """The Swagger 2.0 document of the plugins that are on."""
    return shown(request, "swagger", document_of)


def show_openapi(request: Request) -> Response:
    """The same as OpenAPI 3.1."""
    return shown(request, "openapi", translated)


def translated(registry: Registry) -> dict[str, Any]:
    body, _ = kept(registry, "swagger", document_of)  # made once for both: it takes a second
    return to_openapi3(orjson.loads(body))


def kept(registry: Registry, name: str, make: Callable[[Registry], Any]) -> tuple[bytes, str]:
    """A document and its ETag."""
    documents: dict[str, tuple[bytes, str]] = registry["documents"]
    if name not in documents:
        body = orjson.dumps(make(registry))
        documents[name] = body, hashlib.sha256(body).hexdigest()[:32]
    return documents[name]


def shown(request: Request, name: str, make: Callable[[Registry], Any]) -> Response:
    body, etag = kept(request.registry, name, make)
    response = Response(body=body, content_type="application/json", etag=etag, conditional_response=True)
    response.headers["Cache-Control"] = "public, max-age=0, must-revalidate"
    return response


def includeme(config: Configurator) -> None:
    config.include(".page")
    for name in ("documents", "promises", "refusals"):
        config.registry[name] = {}
    config.add_directive("add_refusal", add_refusal)
    for name, view in (("swagger", show_swagger), ("openapi", show_openapi)):
        config.add_route(name, f"/api/{name}.json")
        config.add_view(view, route_name=name, permission=NO_PERMISSION_REQUIRED, request_method="GET")
