"""CORS: which pages of other origins may read answers, as the setting ``cors.origins`` lists them.

One tween does all of it. Nothing here knows sessions or cookies: what a page may do, it may do by the token that it
sends, so credentials are never allowed, and an origin that is not listed gets plain answers without a CORS header.
"""

from typing import Any
from urllib.parse import urlsplit

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
ALLOWED_HEADERS = ", ".join(
    (
        "Accept-Language",
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "If-Range",
        "Prefer",
        "Range",
        "X-Request-ID",
    )
)
EXPOSED_HEADERS = ", ".join(
    (
        "Accept-Ranges",
        "Allow",
        "Content-Disposition",
        "Content-Range",
        "Deprecation",
        "ETag",
        "Idempotent-Replayed",
        "Link",
        "Location",
        "Preference-Applied",
        "RateLimit-Limit",
        "RateLimit-Policy",
        "RateLimit-Remaining",
        "RateLimit-Reset",
        "Retry-After",
        "Sunset",
        "WWW-Authenticate",
        "X-Request-ID",
    )
)
#: Browsers keep what a preflight answered no longer than two hours.
MAX_AGE_S = 7200


def origins(raw: str) -> frozenset[str]:
    """Origins as browsers send them: ``https://app.example.org``, each exactly. Raises: ValueError."""
    found = frozenset(raw.split())
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin or not parts.hostname:
            raise ValueError
        if parts.username is not None or parts.netloc != parts.netloc.lower() or "*" in origin:
            raise ValueError
        _ = parts.port  # ValueError if out of range
    return found


origins.__name__ = "origins such as https://app.example.org, without a path or *"


def cors_tween_factory(handler: Any, registry: Any) -> Any:
    allowed: frozenset[str] = registry.settings["cors.origins"]
    if not allowed:
        return handler

    def tween(request: Request) -> Response:
        origin = request.headers.get("Origin")
        is_allowed = origin in allowed
        if is_allowed and request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = Response(status=204, content_type=None, cache_control="no-store")
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            response.headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
        else:
            response = handler(request)
        response.vary = (*(response.vary or ()), "Origin")
        if is_allowed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        return response

    return tween


def includeme(config: Configurator) -> None:
    config.add_setting("cors.origins", origins, default=frozenset())
    config.add_tween(
        "courseplatform.cors.cors_tween_factory",
        under="courseplatform.audit.request_id_tween_factory",
        over="courseplatform.ingress.ingress_tween_factory",
    )
