"""``Service``: Cornice with our defaults.

* the path is the traversal path, below ``/api``; ``{…_id}`` matches UUIDs only;
* ``permission`` must be said, view by view (``NO_PERMISSION_REQUIRED`` for public ones);
* ``body=`` and ``query=`` name the schemas; their values are in ``request.validated``;
* a write without ``body=`` refuses every field, unless ``is_body_raw`` says that its view reads the body itself;
* ``answer=`` says what a success carries and ``status=`` with which status, where both don't follow from the address
  (``openapi.successes``): the Swagger document says so, and the tests' client holds every answer to it;
* ``If-Match`` is honoured on every write to an item, and required where ``if_match="required"``;
* items answer with their ETag, and 304 to ``If-None-Match``;
* a GET takes ``?explain=permissions``, which adds what the caller may at that node (``rights``);
* a list's answer has its ``next``, ``previous`` and first page as ``Link`` headers too (RFC 8288);
* ``limit=`` names the rate limit that a view counts in, ``deprecated=`` and ``sunset=`` the dates from which on it is
  better not used and gone: see ``limits`` and ``deprecation``;
* ``shared=`` lets anonymous callers share a GET's answers, ``shared_by=`` those who hold a role, too: see ``cache``;
* what plugins added (``extending``) is validated with the rest and kept apart from it: ``extensions`` are stored by
  ``request.represent``, filters and orderings applied by ``request.paginate``. A view that calls neither is an error.
"""

import re
import sys
from collections.abc import Callable, Iterable
from datetime import date
from functools import wraps
from typing import Any, Protocol, TypeVar

import colander
import cornice
import orjson
from cornice.pyramidhook import register_service_views
from pyramid.config import Configurator
from pyramid.config.actions import ActionInfo
from pyramid.request import Request
from webob.response import iter_close

from . import etags
from .answers import Binary
from .errors import Invalid
from .pagination import set_links
from .resources import Item
from .rights import rights
from .schemas import UUID_PATTERN, Body, ItemQuery, merge_patch
from .validation import WRITES, Validator

PREFIX = "/api"
#: What plugins add to a request; ``represent`` and ``paginate`` take it out of ``request.validated``.
ADDED = ("extensions", "filters", "ordering")

View = TypeVar("View", bound=Callable[..., Any])


class Verb(Protocol):
    """``@service.get(permission=P.VIEW)``: what ``Service.add_view`` takes, as a decorator."""

    def __call__(
        self,
        *,
        permission: str,
        body: Any = None,
        query: Any = None,
        if_match: str | None = None,
        reader: Callable[[Request], dict[str, Any]] | None = None,
        is_body_raw: bool = False,
        form: Any = None,
        answer: Any = None,
        status: int | tuple[int, ...] | None = None,
        has_dry_run: bool = True,
        deprecated: date | None = None,
        sunset: date | None = None,
        deprecation_link: str | None = None,
        limit: str | bool | None = None,
        refusal: Any = None,
        shared: Iterable[str] | None = None,
        shared_by: Iterable[str] = (),
        **kw: Any,
    ) -> Callable[[View], View]: ...


class Service(cornice.Service):
    """A Cornice service. ``facet_of``: the path of the item that this address is a facet of, and the context.

    Example: ``Service("publication", "/courses/{course_id}/publication/", facet_of="/courses/{course_id}/")``.
    """

    cors_enabled = False
    get: Verb
    post: Verb
    put: Verb
    patch: Verb
    delete: Verb

    def __init__(self, name: str, path: str, *, facet_of: str | None = None, **kw: Any) -> None:
        pattern = re.sub(r"\{(\w+_id)\}", rf"{{\1:{UUID_PATTERN}}}", path)
        plain = re.sub(r"\{(\w+):[^/]*\}", r"{\1}", path)
        super().__init__(
            name=name,
            path=PREFIX + pattern,
            traverse=(facet_of or plain).rstrip("/") or "/",
            cors_enabled=False,
            depth=kw.pop("depth", 2),
            **kw,
        )
        self.public_path, self.is_facet = PREFIX + plain, facet_of is not None
        caller = sys._getframe(1)
        self.declared_at = ActionInfo(caller.f_code.co_filename, caller.f_lineno, "", "")

    def add_view(
        self,
        method: str,
        view: Callable[[Request], Any],
        *,
        permission: str | None = None,
        body: Any = None,
        query: Any = None,
        if_match: str | None = None,
        reader: Callable[[Request], dict[str, Any]] | None = None,
        is_body_raw: bool = False,
        form: Any = None,
        answer: Any = None,
        status: int | tuple[int, ...] | None = None,
        has_dry_run: bool = True,
        deprecated: date | None = None,
        sunset: date | None = None,
        deprecation_link: str | None = None,
        limit: str | bool | None = None,
        refusal: Any = None,
        shared: Iterable[str] | None = None,
        shared_by: Iterable[str] = (),
        **kw: Any,
    ) -> Any:
        """``permission`` is mandatory. ``reader``: how to read a body that is not plain JSON (an upload).

        ``form``: a ``Body`` that describes the url-encoded form which a view with ``is_body_raw`` reads itself.

        ``answer``: a model (its representation), ``Page(…)`` of one, an ``Answer`` schema or ``Binary(…)``; by default
        a collection's GET gives a page of its rows, its POST a row, an item's methods the item. ``status``: by default
        201 for a collection's POST, 204 for DELETE, 200 for the rest. ``has_dry_run``: False for a write whose body or
        answer is a secret, or that does what no rollback takes back (see ``dryrun``).
        ``deprecated`` and ``sunset``: since when it should not be used, and when it goes; ``deprecation_link``: where
        one reads what to do. ``limit``: a class of ``add_rate_limit`` to count in, False for none. ``refusal``: an
        ``Answer`` schema of the 400 and 401 that a protocol shapes its own way. ``shared``: the topics of a GET whose
        answers all anonymous callers may share; ``shared_by``: roles whose holders, too, are all answered alike, each
        role by itself (see ``cache``).
        """
        if permission is None:
            raise TypeError(f"{self.name} {method}: permission= is required (NO_PERMISSION_REQUIRED to open it)")
        method = method.upper()
        schema = colander.MappingSchema()
        body_schema = (merge_patch(body) if method == "PATCH" else body()) if body else None
        query_schema = (query or ItemQuery)()
        if method != "GET" or isinstance(answer, Binary):
            query_schema.children = [child for child in query_schema.children if child.name != "explain"]
        for child, name in ((body_schema, "body"), (query_schema, "querystring")):
            if child is not None:
                child.name = name
                schema.add(child)
        if body_schema is None and not is_body_raw and method in ("POST", *WRITES):
            validate = Validator(method, Body(name="body"), query_schema, if_match == "required", reader, True)
        else:
            validate = Validator(method, body_schema, query_schema, if_match == "required", reader)
        validate.form, validate.has_dry_run = form() if form else None, has_dry_run
        validate.answer, validate.status = answer, (status,) if isinstance(status, int) else status
        validate.deprecated_on, validate.sunset_on, validate.limit = deprecated, sunset, limit
        kw.update(permission=permission, schema=schema, validators=(validate,), limit=limit, has_dry_run=has_dry_run)
        kw.update(deprecated=deprecated, sunset=sunset, deprecation_link=deprecation_link)  # view derivers'
        validate.shared, validate.shared_by = None if shared is None else tuple(shared), frozenset(shared_by)
        kw["shared"] = None if shared is None else validate
        validate.refusal, shows_item = refusal, not self.is_facet and method in ("GET", "PUT", "PATCH")
        whole = with_etag(with_links(complete(view)), shows_item)
        return super().add_view(method, whole if "renderer" in kw else in_json(whole), **kw)


def complete(view: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """The view, failing if it took something that a plugin added and did nothing with it."""

    @wraps(view)
    def wrapper(request: Request) -> Any:
        result = view(request)
        ignored = [name for name in ADDED if name in request.validated]
        if ignored:
            raise RuntimeError(f"{view.__module__}.{view.__name__} takes {', '.join(ignored)} and ignores them")
        return result

    return wrapper


def with_etag(view: Callable[[Request], Any], shows_item: bool) -> Callable[[Request], Any]:
    """The view, answering with the ETag of the item it shows; other addresses show it if they answer its id."""

    @wraps(view)
    def wrapper(request: Request) -> Any:
        result = view(request)
        row = request.context.row if isinstance(request.context, Item) else None
        is_shown = isinstance(result, dict) and (shows_item or result.get("id") == getattr(row, "id", None))
        if row is not None and is_shown:
            etags.set_etag(request, row, result.get("extensions"))
        return explained(request, result)

    return wrapper


def explained(request: Request, result: Any) -> Any:
    """The answer with what the caller may here, if it is asked for. Raises: Invalid where the answer is no object."""
    if not request.validated.get("querystring", {}).get("explain"):
        return result
    if not isinstance(result, dict):
        iter_close(getattr(result, "app_iter", None))  # a file, which nobody will send
        raise Invalid.field("explain", "is for answers in JSON", "querystring")
    told = rights(request)
    etags.vary_etag(request, told)
    return {**result, **told}


def with_links(view: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """The view, answering with ``Link`` headers if it shows a page of a list."""

    @wraps(view)
    def wrapper(request: Request) -> Any:
        result = view(request)
        if isinstance(result, dict) and result.keys() >= {"results", "next", "previous"}:
            set_links(request, result)
        return result

    return wrapper


def in_json(view: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """The view, answering a dict as JSON itself: as the renderer would, for whom Pyramid makes more than the answer."""

    @wraps(view)
    def wrapper(request: Request) -> Any:
        result = view(request)
        if not isinstance(result, dict):
            return result
        response = request.response
        response.content_type = "application/json"
        response.body = json_of(result)
        return response

    return wrapper


def json_of(value: Any) -> bytes:
    """orjson: UUIDs, datetimes (UTC with ``Z``) and dataclasses as they are. Raises: TypeError that says where not."""
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except TypeError as error:
        raise TypeError(f"{no_json(value) or 'the answer'} is no JSON") from error


def add_cornice_service(config: Configurator, service: cornice.Service) -> None:
    """Register a service; two on one path or with one name are a conflict at start-up, not a silent loss."""
    shape = re.sub(r"\{[^/]*\}", "{}", getattr(service, "public_path", service.path))
    given, config.info = config.info, getattr(service, "declared_at", config.info)  # what a conflict names
    config.action(("service path", shape), introspectables=())
    config.action(("service name", service.name), introspectables=())
    register_service_views(config, service)
    config.info = given


class JsonRenderer:
    """``json_of``, for views that are no ``Service``'s."""

    def __init__(self, info: Any = None) -> None:
        pass

    def __call__(self, value: Any, system: dict[str, Any]) -> bytes:
        request = system["request"]
        request.response.content_type = "application/json"
        return json_of(value)


def no_json(value: Any, path: str = "the answer") -> str:
    """What in an answer can't be sent, and where: ``the answer.extensions.level: a CourseLevel``; "" if all can."""
    if isinstance(value, dict):
        wrong = [f"{path}: a key that is a {type(name).__name__}" for name in value if not isinstance(name, str)]
        return next(filter(None, [*wrong, *(no_json(part, f"{path}.{name}") for name, part in value.items())]), "")
    if isinstance(value, list | tuple):
        return next(filter(None, (no_json(part, f"{path}[{i}]") for i, part in enumerate(value))), "")
    try:
        orjson.dumps(value)
    except TypeError:
        return f"{path}: a {type(value).__name__}"
    return ""


def includeme(config: Configurator) -> None:
    config.add_settings({"handle_exceptions": False})  # our exception views, not Cornice's
    config.include("cornice")
    config.add_directive("add_cornice_service", add_cornice_service)
    config.add_renderer("cornicejson", JsonRenderer)
    config.add_renderer("json", JsonRenderer)
