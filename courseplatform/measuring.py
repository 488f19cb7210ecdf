"""Each request is measured once, around everything else: what every tween refuses counts too.

Whoever wants to know is in ``registry["measuring.observers"]``: ``fn(request, measured)``, called when the answer is
there and before it is sent. An observer is quick, writes to no database and never raises.

Labels have bounds: ``route`` is a template and ``plugin`` a plugin, never anything that a client sent.
"""

import re
from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter
from typing import Any, NamedTuple

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import INGRESS
from pyramid_retry import is_error_retryable
from sqlalchemy import Engine

from .neighbours import plugin_of

#: The route of a request that was refused before its address was looked at, or whose address is none.
UNMATCHED = "unmatched"
#: The plugin of what no plugin added.
CORE = "core"


class Measured(NamedTuple):
    """What one request took, with all its retries. ``route``: ``/api/courses/{course_id}/``; ``plugin``: who added it.

    ``status`` is what the client sees: 304 too, which is decided last. ``response_bytes``: None for what is streamed
    without its length. ``attempts``: 1, and one more for each retry.
    """

    status: int
    duration_s: float
    route: str
    plugin: str
    sql_statements: int
    sql_s: float
    response_bytes: int | None
    attempts: int


Observer = Callable[[Request, Measured], object]


class Tally:
    """Of one request so far."""

    __slots__ = ("attempts", "began_at", "sql_s", "sql_statements")

    def __init__(self) -> None:
        self.attempts, self.sql_statements, self.sql_s = 0, 0, 0.0
        self.began_at = perf_counter()


#: Of the request that this thread works on.
TALLY: ContextVar[Tally | None] = ContextVar("tally", default=None)


def count_statements(engine: Engine) -> None:
    """Let whatever the engine executes count for the request that this thread works on, also what fails.

    Not by SQLAlchemy's events: a listener makes each statement some microseconds slower.
    """
    for name in ("do_execute", "do_executemany", "do_execute_no_params"):
        setattr(engine.dialect, name, counted(getattr(engine.dialect, name)))


def counted(execute: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*arguments: Any) -> None:
        tally = TALLY.get()
        if tally is None:
            execute(*arguments)
            return
        tally.sql_statements += 1
        began_at = perf_counter()
        try:
            execute(*arguments)
        finally:
            tally.sql_s += perf_counter() - began_at

    return wrapper


def measuring_tween_factory(handler: Any, registry: Registry) -> Any:
    observers: list[Observer] = registry["measuring.observers"]
    services = services_by_route(registry)
    nobodys = UNMATCHED, CORE

    def tell(request: Request, tally: Tally, response: Response | None) -> None:
        route = request.__dict__.get("matched_route")
        template, plugin = nobodys if route is None else services.get(route.name, nobodys)
        status = 500 if response is None else sent_status(request, response)
        is_empty = status == 304 or request.method == "HEAD"
        measured = Measured(
            status,
            perf_counter() - tally.began_at,
            template,
            plugin,
            tally.sql_statements,
            tally.sql_s,
            0 if response is None or is_empty else response.content_length,
            tally.attempts,
        )
        for observe in observers:
            observe(request, measured)

    def tween(request: Request) -> Response:
        tally = request.environ.get("courseplatform.tally")  # of an attempt before this one
        if tally is None:
            tally = request.environ["courseplatform.tally"] = Tally()
        tally.attempts += 1
        token = TALLY.set(tally)
        try:
            response = handler(request)
        except Exception as error:
            if not is_error_retryable(request, error):
                tell(request, tally, None)
            raise
        finally:
            TALLY.reset(token)
        refused = request.__dict__.get("exception")
        if refused is None or not is_error_retryable(request, refused):
            tell(request, tally, response)
        return response

    return tween


def sent_status(request: Request, response: Response) -> int:
    """The status of the answer; 304 where WebOb will make that of it while it is sent."""
    if response.conditional_response and "HTTP_IF_NONE_MATCH" in request.environ and request.method in ("GET", "HEAD"):
        etag = response.etag
        if etag and etag in request.if_none_match:
            return 304
    return int(response.status_int)


def services_by_route(registry: Registry) -> dict[str, tuple[str, str]]:
    """The name of a route → its template, and the plugin that added it."""
    found = {}
    for entry in registry.introspector.get_category("routes") or ():
        route = entry["introspectable"]
        plugin = plugin_of(registry, getattr(route, "module", "") or "courseplatform")
        template = re.sub(r"\{(\w+):(?:[^{}]|\{[^{}]*\})*\}", r"{\1}", route["pattern"])
        found[route["name"]] = template, CORE if plugin == "courseplatform" else plugin
    return found


def includeme(config: Configurator) -> None:
    config.registry["measuring.observers"] = []
    config.add_tween(
        "courseplatform.measuring.measuring_tween_factory",
        under=INGRESS,
        over="courseplatform.audit.request_id_tween_factory",
    )
