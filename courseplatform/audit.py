"""Audit: who did what, one JSON object a line on the logger ``courseplatform.audit``.

``request.audit(event, **ids)`` is written after the commit, and never for what was rolled back;
``request.audit_now(event, **ids)`` at once, for refusals. Every record has ``at``, ``event``, ``request_id``,
``address`` and ``user_id``: the one who acts, if known; ``target_user_id`` is whom it happens to.

Each answer carries its request id as ``X-Request-ID``; a caller, or the proxy in front, may choose it.
"""

import json
import logging
import re
from datetime import datetime
from typing import Any
from uuid import UUID

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import INGRESS
from uuid_utils.compat import uuid7

from .db import promise

log = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
#: No field may have such a name, so that nobody records a secret by mistake.
SECRET_NAMES = re.compile(r"(^|_)(password|secret|token|code|key|authorization)$")
MAX_CHARS = 200

Scalar = str | int | bool | UUID | datetime | None


def audit(request: Request, event: str, **ids: Scalar) -> None:
    """Record that ``event`` happened, if and after this transaction commits."""
    promise(request, write_lines, record(request, event, ids))


def write_lines(registry: Any, lines: list[str]) -> None:
    for line in lines:
        log.info(line)


def audit_now(request: Request, event: str, **ids: Scalar) -> None:
    """Record ``event`` at once, whatever becomes of this transaction."""
    log.info(record(request, event, ids))


def record(request: Request, event: str, ids: dict[str, Scalar]) -> str:
    """One line. It is ASCII, so that nothing a client sent can end it or paint on a terminal.

    Raises: TypeError for a field that is no scalar or has the name of a secret.
    """
    for name, value in ids.items():
        if SECRET_NAMES.search(name) or not isinstance(value, Scalar):
            raise TypeError(f"{event}: {name} does not belong into the audit log")
    fields = {
        "at": request.now,
        "event": event,
        "request_id": request.request_id,
        "user_id": known_user_id(request),
        "address": request.client_address,
        **ids,
    }
    return json.dumps({name: plain(value) for name, value in fields.items()})


def plain(value: Scalar) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value[:MAX_CHARS] if isinstance(value, str) else value


def known_user_id(request: Request) -> UUID | None:
    """The caller, if security has asked for them already: an audit costs no statement."""
    caller = request.__dict__.get("caller")
    return caller.identity.id if caller is not None and caller.identity is not None else None


def request_id(request: Request) -> str:
    """The request's id, as sent in ``X-Request-ID`` if that is a plain token, else a new one. Retries keep it."""
    environ = request.environ
    if "courseplatform.request_id" not in environ:
        sent = environ.get("HTTP_X_REQUEST_ID", "")
        environ["courseplatform.request_id"] = sent if REQUEST_ID.fullmatch(sent) else uuid7().hex
    return environ["courseplatform.request_id"]


def request_id_tween_factory(handler: Any, registry: Any) -> Any:
    def tween(request: Request) -> Response:
        response = handler(request)
        response.headers["X-Request-ID"] = request.request_id
        return response

    return tween


def includeme(config: Configurator) -> None:
    config.add_tween(
        "courseplatform.audit.request_id_tween_factory",
        under=INGRESS,
        over="courseplatform.ingress.ingress_tween_factory",
    )
