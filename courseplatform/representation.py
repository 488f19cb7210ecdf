"""Rows to JSON, in batches: one base form per model, and extensions that other plugins hang on.

``load`` functions run once per page, so that no statement is sent per row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request

from .errors import Invalid

Load = Callable[[Request, list[Any]], dict[Any, Any]]


@dataclass(frozen=True)
class Representation:
    make: Callable[..., dict[str, Any]]
    load: Load | None


def add_representation(config: Configurator, model: Any, fn: Any, load: Any = None) -> None:
    """The base JSON of ``model``: ``fn(request, row) -> dict``; with ``load``, ``fn(request, row, loaded_value)``.

    ``load(request, rows) -> {row.id: value}`` reads what a whole page needs in one statement.
    """
    model, fn, load = map(config.maybe_dotted, (model, fn, load))

    def register() -> None:
        config.registry["representations"][model] = Representation(fn, load)

    config.action(("representation", model), register)


def add_extension(config: Configurator, model: Any, key: str, load: Any) -> None:
    """Offer ``extensions.<key>`` on another's resource, for clients that ask ``?expand=<key>``.

    ``load(request, rows) -> {row.id: JSON value}`` runs once per page.
    """
    model, load = map(config.maybe_dotted, (model, load))

    def register() -> None:
        config.registry["extensions"].setdefault(model, {})[key] = load

    config.action(("extension", model, key), register)


def represent(request: Request, rows: Any) -> Any:
    """One row as a dict, or a list of rows (of one model) as a list of dicts, with the extensions asked for.

    Raises: Invalid if ``?expand=`` names an extension that these rows don't have.
    """
    if not isinstance(rows, list):
        return represent(request, [rows])[0]
    if not rows:
        return []
    registry, model = request.registry, type(rows[0])
    base = registry["representations"][model]
    if base.load:
        loaded = base.load(request, rows)
        bodies = [base.make(request, row, loaded.get(row.id)) for row in rows]
    else:
        bodies = [base.make(request, row) for row in rows]
    for key in wanted_extensions(request, model):
        values = registry["extensions"][model][key](request, rows)
        for row, body in zip(rows, bodies, strict=True):
            body.setdefault("extensions", {})[key] = values.get(row.id)
    return bodies


def wanted_extensions(request: Request, model: Any) -> list[str]:
    asked = getattr(request, "validated", {}).get("querystring", {}).get("expand", "")
    keys = [key.strip() for key in asked.split(",") if key.strip()]
    known = request.registry["extensions"].get(model, {})
    if any(key not in known for key in keys):
        raise Invalid.field(
            "expand", "must name extensions of this resource: " + ", ".join(sorted(known)), "querystring"
        )
    return sorted(set(keys))


def created(request: Request, row: Any) -> dict[str, Any]:
    """Answer 201 with ``Location`` and ETag of a row that was made in the collection at this address."""
    from .etags import set_etag

    body = represent(request, row)
    request.response.status_int = 201
    request.response.location = f"{request.path}{row.id}/"
    set_etag(request, row, body.get("extensions"))
    return body


def no_content(request: Request) -> Any:
    """Answer 204."""
    request.response.status_int = 204
    request.response.content_type = None
    return request.response


def includeme(config: Configurator) -> None:
    config.registry["representations"], config.registry["extensions"] = {}, {}
    config.add_directive("add_representation", add_representation)
    config.add_directive("add_extension", add_extension)
