"""Errors: the ``ApiError`` family, and the exception views that alone shape an error body (RFC 9457).

A code is declared once with ``add_problems``: its sentence is what clients read, in the error and at its ``type``.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from pyramid import httpexceptions as http
from pyramid.config import Configurator
from pyramid.exceptions import URLDecodeError
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from .db import Base
from .responses import moved

log = logging.getLogger(__name__)

#: code → what happened and what helps. Plugins add theirs with ``add_problems``.
PROBLEMS = {
    "bad_request": "The request can't be understood.",
    "malformed_json": "The body is not a JSON object, or has duplicate keys, NaN, NUL or deep nesting.",
    "unauthenticated": "Sign in first, and send the access token as 'Authorization: Bearer …'.",
    "invalid_token": "The access token is malformed, expired or its session has ended. Refresh it or sign in again.",
    "forbidden": "You may see this, but your role does not allow the action.",
    "insufficient_scope": "Its user may do this, but the token's scopes don't cover it. WWW-Authenticate names those "
    "that do; where it names none, sign in instead.",
    "not_found": "There is nothing here that you can see.",
    "method_not_allowed": "This address does not support the method. The Allow header names those it does.",
    "not_acceptable": "Answers here are JSON.",
    "conflict": "The present state does not allow this.",
    "precondition_failed": "The resource has changed since you read it. Read it again, then repeat with its new ETag.",
    "rows_refused": "Some rows can't be done, and so none was. 'errors' lists all of them, 'rows' says more.",
    "malformed_csv": "The body can't be read as CSV: UTF-8, a line that names the columns, quotes as in RFC 4180.",
    "payload_too_large": "The body is larger than this address accepts.",
    "unsupported_media_type": "The Content-Type is not one that this address accepts.",
    "invalid": "Some fields are not valid. 'errors' lists all of them.",
    "precondition_required": "This change needs an If-Match header with the ETag you read.",
    "too_many_requests": "Too many requests. Wait as long as Retry-After says.",
    "internal_error": "The server failed; its operators can find this in the log. Nothing was changed.",
    "unavailable": "The service is busy or its database can't be reached. Repeat after Retry-After seconds.",
}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request. ``location``: body, querystring, path, header or file; ``name``: dotted."""

    location: str
    name: str
    detail: str


class ApiError(Exception):
    """A refusal. Raise it, never return it: raising rolls the transaction back.

    ``code``: a key declared with ``add_problems``. ``detail``: replaces its sentence. ``extra``: further members of
    the body. ``headers``: of the answer.
    """

    status = 400
    code = "bad_request"

    def __init__(
        self,
        code: str | None = None,
        detail: str | None = None,
        *,
        errors: list[Fault] | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(code or self.code)
        self.code = code or self.code
        self.detail, self.errors, self.headers, self.extra = detail, errors or [], headers or {}, extra


class Unauthenticated(ApiError):
    status, code = 401, "unauthenticated"


class Forbidden(ApiError):
    status, code = 403, "forbidden"


class NotFound(ApiError):
    status, code = 404, "not_found"


class Conflict(ApiError):
    status, code = 409, "conflict"


class PreconditionFailed(ApiError):
    status, code = 412, "precondition_failed"


class PayloadTooLarge(ApiError):
    status, code = 413, "payload_too_large"


class UnsupportedMediaType(ApiError):
    status, code = 415, "unsupported_media_type"


class Invalid(ApiError):
    """422. ``errors`` lists every fault; ``Invalid.field(name, detail)`` is the short way to name one."""

    status, code = 422, "invalid"

    @classmethod
    def field(cls, name: str, detail: str, location: str = "body") -> "Invalid":
        return cls(errors=[Fault(location, name, detail)])


class PreconditionRequired(ApiError):
    status, code = 428, "precondition_required"


class TooManyRequests(ApiError):
    status, code = 429, "too_many_requests"


class Unavailable(ApiError):
    status, code = 503, "unavailable"


def problem(request: Request, status: int, code: str, *, detail: str | None = None, **members: Any) -> Response:
    """An ``application/problem+json`` response. Of what the client sent it holds a known address at most."""
    is_known = getattr(request, "matched_route", None) is not None
    body = {
        "type": f"/api/problems/{code}/",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail or request.registry["problems"].get(code, ""),
        "instance": request.environ.get("courseplatform.path", "") if is_known else "",
        "code": code,
        **members,
    }
    response = Response(body=orjson.dumps(body), status=status, content_type="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    if status == 401:
        error = ', error="invalid_token"' if code == "invalid_token" else ""
        response.headers["WWW-Authenticate"] = f'Bearer realm="courseplatform"{error}'
    if status == 503:
        response.headers["Retry-After"] = "2"
    return response


def api_error(exc: ApiError, request: Request) -> Response:
    members = {"errors": [asdict(fault) for fault in exc.errors], **exc.extra} if exc.errors else exc.extra
    response = problem(request, exc.status, exc.code, detail=exc.detail, **members)
    response.headers.update(exc.headers)
    return response


HTTP_CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "payload_too_large",
    415: "unsupported_media_type",
    500: "internal_error",
    503: "unavailable",
}


def http_error(exc: http.HTTPException, request: Request) -> Response:
    """Pyramid's and Cornice's own refusals, in our shape."""
    if exc.status_int < 400:
        return exc
    response = problem(request, exc.status_int, HTTP_CODES.get(exc.status_int, "bad_request"))
    if "Allow" in exc.headers:
        response.headers["Allow"] = exc.headers["Allow"]
    return response


def forbidden(exc: http.HTTPForbidden, request: Request) -> Response:
    status, scopes = getattr(exc.result, "status", 403), getattr(exc.result, "scopes", None)
    if scopes is not None:
        response = problem(request, status, "insufficient_scope")
        enough = f', scope="{" ".join(scopes)}"' if scopes else ""
        response.headers["WWW-Authenticate"] = f'Bearer realm="courseplatform", error="insufficient_scope"{enough}'
        return response
    is_stale = status == 401 and request.caller.claims is not None
    code = getattr(exc.result, "code", None) or HTTP_CODES[status]
    return problem(request, status, "invalid_token" if is_stale else code)


def notfound(exc: http.HTTPNotFound, request: Request) -> Response:
    """404; or 308 where only the trailing slash is missing."""
    path = request.environ.get("PATH_INFO", "")
    if not path.endswith("/"):
        from pyramid.interfaces import IRoutesMapper

        routes = request.registry.getUtility(IRoutesMapper).get_routes()
        if any(route.match(request.path_info + "/") is not None for route in routes):
            query = f"?{request.query_string}" if request.query_string else ""
            return moved(f"{request.path}/{query}")
    return problem(request, 404, "not_found")


def url_decode_error(exc: URLDecodeError, request: Request) -> Response:
    return problem(request, 400, "bad_request")


def integrity_error(exc: IntegrityError, request: Request) -> Response:
    """A constraint said no: 409 with the code that the constraint carries (``info={"conflict": code}``)."""
    conflict = conflict_of(exc)
    return api_error(conflict, request) if conflict is not None else crash(exc, request)


def conflict_of(exc: IntegrityError) -> Conflict | None:
    """The refusal that a constraint stands for. None for NOT NULL: that is our fault, whatever the client sent."""
    name = getattr(getattr(exc.orig, "diag", None), "constraint_name", None)
    if name is None:
        return None
    code = conflict_codes().get(str(name))
    if code is None:
        log.warning("constraint without a conflict code: %s", name)
    return Conflict(code)


def conflict_codes() -> dict[str, str]:
    """Constraint name → the code that it carries, over all tables."""
    named: list[Any] = [c for table in Base.metadata.tables.values() for c in (*table.constraints, *table.indexes)]
    return {str(c.name): c.info["conflict"] for c in named if "conflict" in c.info}


def database_error(exc: Exception, request: Request) -> Response:
    """The database is away, too slow or its pool is empty."""
    code, route = getattr(getattr(exc, "orig", None), "pgcode", None), getattr(request, "matched_route", None)
    where = route.pattern if route is not None else "-"
    log.error("database unavailable: %s %s at %s %s", type(exc).__name__, code or "-", request.method, where)
    return problem(request, 503, "unavailable")


def crash(exc: Exception, request: Request) -> Response:
    log.exception("unhandled exception")
    return problem(request, 500, "internal_error")


def add_problems(config: Configurator, problems: Any) -> None:
    """Declare error codes: a mapping (or its dotted name) of code → what happened and what helps."""
    for code, sentence in config.maybe_dotted(problems).items():
        config.action(
            ("problem", code), lambda code=code, sentence=sentence: config.registry["problems"].update({code: sentence})
        )


def includeme(config: Configurator) -> None:
    config.registry["problems"] = {}
    config.add_directive("add_problems", add_problems)
    config.add_problems(PROBLEMS)
    config.add_exception_view(api_error, context=ApiError)
    config.add_exception_view(http_error, context=http.HTTPException)
    config.add_exception_view(url_decode_error, context=URLDecodeError)
    config.add_exception_view(integrity_error, context=IntegrityError)
    config.add_exception_view(database_error, context=OperationalError)
    config.add_exception_view(database_error, context=InterfaceError)
    config.add_exception_view(database_error, context=PoolTimeout)
    config.add_exception_view(crash, context=Exception)
    config.add_notfound_view(notfound)
    config.add_forbidden_view(forbidden)
