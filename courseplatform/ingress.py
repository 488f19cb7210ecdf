"""Ingress: what may not come in. A tween for path, query and size; one strict reader of JSON bodies.

Nothing here repeats what the client sent.
"""

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from . import errors
from .db import SAFE_METHODS
from .settings import positive_int

MAX_JSON_DEPTH = 32
#: Uploads may be larger. Parsed, JSON takes many times its size.
MAX_JSON_BYTES = 2 * 1024 * 1024
#: Of every answer that says nothing else: JSON is no page, loads nothing and stands in no frame.
POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"


def ingress_tween_factory(handler: Any, registry: Any) -> Any:
    max_bytes = registry.settings["http.max_body_bytes"]

    def tween(request: Request) -> Response:
        response = judge(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        return response

    def judge(request: Request) -> Response:
        environ = request.environ
        try:
            path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")
            query = unquote_to_bytes(environ.get("QUERY_STRING", "")).decode("utf-8")
        except UnicodeError:
            return errors.problem(request, 400, "bad_request")
        if "\0" in path or "\0" in query:
            return errors.problem(request, 400, "bad_request")
        environ["courseplatform.path"] = path
        length = environ.get("CONTENT_LENGTH") or "0"
        if not re.fullmatch(r"[0-9]{1,18}", length):
            return errors.problem(request, 400, "bad_request")
        if int(length) > max_bytes:
            return errors.problem(request, 413, "payload_too_large")
        response = handler(request)
        is_public = request.method in ("GET", "HEAD") and "HTTP_AUTHORIZATION" not in environ
        response.headers.setdefault("Cache-Control", "no-cache" if is_public else "no-store")
        return response

    return tween


def retry_attempts(request: Request) -> int | None:
    """How often pyramid_retry may try: once for reads, which hold no locks; else as configured (None).

    Also spares WebOb the copy of a body that can be rewound, as waitress's can.
    """
    seekable = getattr(request.environ["wsgi.input"], "seekable", None)
    if seekable is not None and seekable():
        request.is_body_seekable = True
    return 1 if request.method in SAFE_METHODS else None


def read_json(request: Request, *content_types: str) -> dict[str, Any]:
    """The body as a dict. Raises: UnsupportedMediaType, PayloadTooLarge, ApiError("malformed_json")."""
    if request.content_type.lower() not in content_types:
        raise errors.UnsupportedMediaType()
    require_utf8(request)
    if (request.content_length or 0) > MAX_JSON_BYTES:
        raise errors.PayloadTooLarge()
    try:
        document = json.loads(
            request.body.decode("utf-8"), object_pairs_hook=unique_keys, parse_constant=refuse_constant
        )
        check_text_and_depth(document)
    except (ValueError, RecursionError) as error:
        raise errors.ApiError("malformed_json") from error
    if not isinstance(document, dict):
        raise errors.ApiError("malformed_json")
    return document


def require_utf8(request: Request) -> None:
    """Raises: UnsupportedMediaType for a body whose charset is said to be another."""
    if (request.charset or "utf-8").lower().replace("_", "-") not in ("utf-8", "utf8"):
        raise errors.UnsupportedMediaType()


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def refuse_constant(name: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def check_text_and_depth(document: Any) -> None:
    """Raises: ValueError for NUL or a lone surrogate in any text, or for nesting beyond ``MAX_JSON_DEPTH``."""
    level: list[Any] = [document]
    for _ in range(MAX_JSON_DEPTH + 1):
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                check_text(value)
            elif isinstance(value, dict):
                for key in value:
                    check_text(key)
                below += value.values()
            elif isinstance(value, list):
                below += value
        if not below:
            return
        level = below
    raise ValueError("too deep")


def check_text(text: str) -> None:
    """Raises: ValueError if PostgreSQL could not store the text."""
    if "\0" in text:
        raise ValueError("NUL")
    text.encode("utf-8")  # UnicodeEncodeError, a ValueError, for a lone surrogate


def base_url(raw: str) -> str:
    """Where the platform is reached from outside, without a slash at the end. Raises: ValueError."""
    parts = urlsplit(raw)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError
    return raw.rstrip("/")


def includeme(config: Configurator) -> None:
    from pyramid.tweens import INGRESS

    config.add_setting("http.max_body_bytes", positive_int, default=30 * 1024 * 1024)
    config.add_setting("http.base_url", base_url, required=True, embedded="http://127.0.0.1:6543")
    config.add_tween("courseplatform.ingress.ingress_tween_factory", under=INGRESS)
