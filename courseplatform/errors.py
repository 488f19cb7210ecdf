"""Errors: the ``ApiError`` family, and the exception views that alone shape an error body (RFC 9457).

What a code means is declared once, with ``add_problems``: clients read it in the error and at its ``type``.
"""

import logging
import re
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
from .methods import allowed_methods
from .problems import fault_of
from .responses import moved
from .rights import refusal_members, remedy_of

log = logging.getLogger(__name__)

ID = re.compile(r"[0-9a-fA-F-]{36}")


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request. ``location``: body, querystring, path, header or file; ``name``: dotted."""

    location: str
    name: str
    detail: str


class ApiError(Exception):
    """A refusal. Raise it, never return it: raising rolls the transaction back.

    ``code``: a key declared with ``add_problems``, with the status that it has there. ``detail`` replaces its cause.
    ``extra``: further members of the body that its ``Problem`` names; ``remedy`` replaces its remedy. ``headers``: of
    the answer.
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


class RangeNotSatisfiable(ApiError):
    status, code = 416, "range_not_satisfiable"


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


def problem_body(request: Request, status: int, code: str, detail: str | None = None, **members: Any) -> dict[str, Any]:
    """The members of an error. Of what the client sent they hold a known address at most, with ids and no words."""
    problems, matched = request.registry["problems"], getattr(request, "matchdict", None)
    told = [value for name, value in (matched or {}).items() if name != "traverse"]  # which is Pyramid's
    is_known = matched is not None and all(ID.fullmatch(str(value)) for value in told)
    found = problems.get(code) or problems[HTTP_CODES.get(status, "bad_request")]
    body = {
        "type": f"/api/problems/{code}/",
        "title": found.title,
        "status": status,
        "detail": detail or found.cause,
        "remedy": found.remedy,
        "instance": request.environ.get("courseplatform.path", "") if is_known else "",
        "code": code,
    }
    if status >= 500:
        body["request_id"] = request.request_id  # under which the log says more
    return {**body, **members}


def problem(request: Request, status: int, code: str, *, detail: str | None = None, **members: Any) -> Response:
    """An ``application/problem+json`` response."""
    body = orjson.dumps(problem_body(request, status, code, detail, **members), option=orjson.OPT_UTC_Z)
    response = Response(body=body, status=status, content_type="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    if status == 401:
        error = ', error="invalid_token"' if code == "invalid_token" else ""
        response.headers["WWW-Authenticate"] = f'Bearer realm="courseplatform"{error}'
    if status == 503:
        response.headers["Retry-After"] = "2"
    return response


def declared(request: Request, status: int, code: str, *, detail: str | None = None, **members: Any) -> Response:
    """``problem`` of what plugins name. Raises: RuntimeError, on a developer's machine and in tests, for a code that
    is not in the catalogue as it is answered here; an operator finds that in the log.
    """
    registry = request.registry
    if fault := fault_of(registry["problems"].get(code), code, status, members):
        if registry.settings["courseplatform.embedded"] or registry.get("problems.are_strict"):
            raise RuntimeError(fault)
        log.error(fault)
    return problem(request, status, code, detail=detail, **members)


def api_error(exc: ApiError, request: Request) -> Response:
    members = {"errors": [asdict(fault) for fault in exc.errors], **exc.extra} if exc.errors else exc.extra
    if "missing" in members:
        members = {"remedy": remedy_of(members["missing"]), **members}
    response = declared(request, status_of(exc, request), exc.code, detail=exc.detail, **members)
    response.headers.update(exc.headers)
    return response


def status_of(exc: ApiError, request: Request) -> int:
    """The status of the class; of an ``ApiError`` itself, which has none of its own, the catalogue's."""
    found = request.registry["problems"].get(exc.code)
    return (type(exc) is ApiError and found is not None and found.status) or exc.status


#: What the framework refuses, and what a status says of itself.
HTTP_CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
    422: "invalid",
    500: "internal_error",
    503: "unavailable",
}


def http_error(exc: http.HTTPException, request: Request) -> Response:
    """Pyramid's and Cornice's own refusals, in our shape."""
    if exc.status_int < 400:
        return exc
    response = problem(request, exc.status_int, HTTP_CODES.get(exc.status_int, "bad_request"))
    if exc.status_int == 405:
        response.allow = allowed_methods(request.registry, request.matched_route)
    return response


def forbidden(exc: http.HTTPForbidden, request: Request) -> Response:
    status, scopes = getattr(exc.result, "status", 403), getattr(exc.result, "scopes", None)
    if scopes is not None:
        response = problem(request, status, "insufficient_scope")
        enough = f', scope="{" ".join(scopes)}"' if scopes else ""
        response.headers["WWW-Authenticate"] = f'Bearer realm="courseplatform", error="insufficient_scope"{enough}'
        return response
    is_stale = status == 401 and request.caller.claims is not None
    code = "invalid_token" if is_stale else getattr(exc.result, "code", None) or HTTP_CODES[status]
    is_explained = code == "forbidden" and getattr(exc.result, "node", None) is not None
    return declared(request, status, code, **(refusal_members(exc.result) if is_explained else {}))


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
    conflict = Conflict()
    conflict.code = code or conflict.code
    return conflict


def conflict_codes() -> dict[str, str]:
    """Constraint name → the code that it carries, over all tables."""
    named: list[Any] = [c for table in Base.metadata.tables.values() for c in (*table.constraints, *table.indexes)]
    return {str(c.name): c.info["conflict"] for c in named if "conflict" in c.info}


#: SQLSTATE → what ``/metrics`` calls it; libpq has none for a connection that fails.
DATABASE_FAILURES = {
    None: "connection",
    "57P01": "connection",
    "57P02": "connection",
    "57P03": "connection",
    "57014": "statement_timeout",
    "55P03": "lock_timeout",
    "40P01": "conflict",
    "40001": "conflict",
}


def database_error(exc: Exception, request: Request) -> Response:
    """The database is away, too slow or its pool is empty."""
    code, route = getattr(getattr(exc, "orig", None), "pgcode", None), getattr(request, "matched_route", None)
    where = route.pattern if route is not None else "-"
    told = type(exc).__name__, code or "-", request.method, where, request.request_id
    log.error("database unavailable: %s %s at %s %s in request %s", *told)
    kind = "pool_timeout" if isinstance(exc, PoolTimeout) else DATABASE_FAILURES.get(code, "other")
    request.count_now("courseplatform_database_failures", kind=kind)
    return problem(request, 503, "unavailable")


def crash(exc: Exception, request: Request) -> Response:
    log.exception("unhandled exception in request %s", request.request_id)
    return problem(request, 500, "internal_error")


def includeme(config: Configurator) -> None:
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
