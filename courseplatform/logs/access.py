"""One line a request, when it is answered; and on every line meanwhile, which request it is.

Of the address there is the path alone: queries hold tokens.
"""

import logging
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

from ..measuring import Measured
from .context import about

log = logging.getLogger("courseplatform.access")

#: Asked every few seconds, by machines.
ROUTINE = ("/health/", "/metrics")


def context_tween_factory(handler: Any, registry: Registry) -> Any:
    def tween(request: Request) -> Response:
        with about(request_fields(request)):
            return handler(request)

    return tween


def request_fields(request: Request) -> dict[str, Any]:
    return {
        "http.request.id": request.request_id,
        "http.request.method": request.method,
        "url.path": path_of(request.environ),
        **client_fields(request.client_address),
    }


def path_of(environ: dict[str, Any]) -> str:
    """As it was sent, be it UTF-8 or not."""
    raw: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return raw.encode("latin-1", "replace").decode("utf-8", "backslashreplace")


@lru_cache(maxsize=4096)
def client_fields(address: str) -> Mapping[str, str]:
    """``client.ip`` is searched by networks, so it has to be one; whatever else a proxy says is its address."""
    try:
        found = ip_address(address)
    except ValueError:
        return {"client.address": address} if address else {}
    if getattr(found, "scope_id", None):
        return {"client.address": address}
    return {"client.ip": str(getattr(found, "ipv4_mapped", None) or found)}


def log_access(request: Request, measured: Measured) -> None:
    path = path_of(request.environ)
    level = logging.ERROR if measured.status >= 500 else logging.INFO
    if measured.status < 400 and path.startswith(ROUTINE):
        level = logging.DEBUG
    if not log.isEnabledFor(level):
        return
    told = {
        "event.dataset": "courseplatform.access",
        "event.kind": "event",
        "event.outcome": "failure" if measured.status >= 400 else "success",
        "event.duration": round(measured.duration_s * 1e9),
        "http.response.status_code": measured.status,
        "http.response.body.bytes": measured.response_bytes,
        "user_agent.original": request.environ.get("HTTP_USER_AGENT"),
        "courseplatform.route": measured.route,
        "courseplatform.plugin": measured.plugin,
        "courseplatform.sql.statements": measured.sql_statements,
        "courseplatform.sql.seconds": round(measured.sql_s, 6),
    }
    words = (request.method, path, measured.status, measured.duration_s * 1000)
    # Not by ``log.log``, which would first look in the stack for the line that calls it: always this one.
    log.handle(log.makeRecord(log.name, level, __file__, 0, "%s %s %d in %.1f ms", words, None, extra=told))
