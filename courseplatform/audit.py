"""Audit: who did what, one record each on the logger ``courseplatform.audit``.

``request.audit(event, **ids)`` is written after the commit, and never for what was rolled back;
``request.audit_now(event, **ids)`` at once, for refusals. Every record has ``event.action``, ``event.outcome`` and
``http.request.id``; ``client.ip``, and ``user.id``: the one who acts, if known. ``target_user_id`` is whom it happens
to, ``user.target.id``; the other ids stand under their names in ``courseplatform.audit``.

Each answer carries its request id as ``X-Request-ID``; a caller, or the proxy in front, may choose it.
"""

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
from .logs import SECRET_NAMES
from .logs.access import client_fields

log = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
MAX_CHARS = 200

Scalar = str | int | bool | UUID | datetime | None


def audit(request: Request, event: str, **ids: Scalar) -> None:
    """Record that ``event`` happened, if and after this transaction commits."""
    promise(request, write_records, record(request, event, ids, "success"))


def write_records(registry: Any, records: list[dict[str, Any]]) -> None:
    for fields in records:
        log.info(fields["event.action"], extra=fields)


def audit_now(request: Request, event: str, **ids: Scalar) -> None:
    """Record ``event`` at once, whatever becomes of this transaction."""
    log.info(event, extra=record(request, event, ids, "failure"))


def record(request: Request, event: str, ids: dict[str, Scalar], outcome: str) -> dict[str, Any]:
    """Its fields. Raises: TypeError for one that is no scalar or has the name of a secret."""
    for name, value in ids.items():
        if SECRET_NAMES.search(name) or not isinstance(value, Scalar):
            raise TypeError(f"{event}: {name} does not belong into the audit log")
    told = {name: as_text(value) for name, value in {"user_id": known_user_id(request), **ids}.items()}
    return {
        "event.dataset": "courseplatform.audit",
        "event.kind": "event",
        "event.action": event,
        "event.outcome": outcome,
        "http.request.id": request.request_id,
        "user.id": told.pop("user_id"),
        "user.target.id": told.pop("target_user_id", None),
        **client_fields(request.client_address),
        "courseplatform.audit": {name: value for name, value in told.items() if value is not None},
    }


def as_text(value: Scalar) -> str | None:
    """As it is searched for: all ids of all events are of one type."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)[:MAX_CHARS]


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
