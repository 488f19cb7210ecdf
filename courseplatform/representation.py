"""Rows to JSON, in batches: one base form per model, and extensions that other plugins hang on.

``load`` functions run once per page, so that no statement is sent per row. Extensions that a body gave are stored when
the row that it wrote is represented: after the verb, before the answer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from colander import drop, required
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request

from .entities import class_of
from .errors import Fault, Invalid
from .neighbours import readable
from .resources import Collection, Item

Load = Callable[[Request, list[Any]], dict[Any, Any]]
Store = Callable[[Request, Any, Any], object]


@dataclass(frozen=True)
class Representation:
    make: Callable[..., dict[str, Any]]
    load: Load | None
    schema: Any = None


@dataclass(frozen=True)
class Extension:
    """``schema``: the field of a body, and ``store`` for its value; None for one that can't be written.

    ``answer``: what ``load`` gives for a row, as ``Service`` takes it. ``shared``: the topics that it depends on, None
    if it depends on more. ``shared_by``: roles whose holders it tells the same.
    """

    load: Load
    schema: Any = None
    store: Store | None = None
    answer: Any = None
    shared: tuple[str, ...] | None = None
    shared_by: frozenset[str] = frozenset()


def add_representation(config: Configurator, model: Any, fn: Any, load: Any = None, schema: Any = None) -> None:
    """The base JSON of ``model``: ``fn(request, row) -> dict``; with ``load``, ``fn(request, row, loaded_value)``.

    ``load(request, rows) -> {row.id: value}`` reads what a whole page needs in one statement. ``schema``: an ``Answer``
    that describes the dict, for the Swagger document.
    """
    model, fn, load, schema = map(config.maybe_dotted, (model, fn, load, schema))

    def register() -> None:
        config.registry["representations"][model] = Representation(fn, load, schema)

    config.action(("representation", model), register)


def represent(request: Request, rows: Any) -> Any:
    """One row as a dict, or a list of rows (of one model) as a list of dicts, with the extensions asked for.

    The row that the request wrote is given the extensions of its body first, and shows them.
    Raises: Invalid if ``?expand=`` names an extension that these rows don't have; what their ``store`` raises.
    """
    if not isinstance(rows, list):
        return bodies_of(request, [rows], store_extensions(request, rows))[0]
    return bodies_of(request, rows) if rows else []


def bodies_of(request: Request, rows: list[Any], given: Iterable[str] = ()) -> list[dict[str, Any]]:
    registry, model = request.registry, class_of(rows[0])
    base = representation_of(registry, model)
    if base.load:
        loaded = base.load(request, rows)
        bodies = [base.make(request, row, loaded.get(row.id)) for row in rows]
    else:
        bodies = [base.make(request, row) for row in rows]
    for key in sorted({*wanted_extensions(request, model), *given}):
        extension = registry["extensions"][model][key]
        values = extension.load(request, rows)
        check_loaded(extension, key, values)
        for row, body in zip(rows, bodies, strict=True):
            body.setdefault("extensions", {})[key] = values.get(row.id)
    return bodies


def representation_of(registry: Registry, model: Any) -> Representation:
    """Raises: LookupError that says what is missing."""
    try:
        found: Representation = registry["representations"][model]
    except KeyError:
        raise LookupError(f"{readable(model)} has no JSON: config.add_representation({model.__name__}, …)") from None
    return found


def check_loaded(extension: Extension, key: str, values: Any) -> None:
    """Raises: TypeError if ``load`` gives rows, or no dict."""
    wrong = [values] if not isinstance(values, Mapping) else [v for v in values.values() if hasattr(v, "__mapper__")]
    if wrong:
        given = type(wrong[0]).__name__
        raise TypeError(f"{readable(extension.load)} gives a {given}; the extension {key!r} is {{row.id: JSON value}}")


def wanted_extensions(request: Request, model: Any) -> list[str]:
    asked = getattr(request, "validated", {}).get("querystring", {}).get("expand", "")
    keys = [key.strip() for key in asked.split(",") if key.strip()]
    known = request.registry["extensions"].get(model, {})
    if any(key not in known for key in keys):
        raise Invalid.field(
            "expand", "must name extensions of this resource: " + ", ".join(sorted(known)), "querystring"
        )
    return keys


def store_extensions(request: Request, row: Any) -> Iterable[str]:
    """Store what the body gave for the row that it wrote. Which keys that were."""
    validated = getattr(request, "validated", {})
    if "extensions" in validated and is_subject(request, row):
        given = validated["stored_extensions"] = validated.pop("extensions")
        for key, value in given.items():
            extension = request.registry["extensions"][class_of(row)][key]
            if request.method == "PATCH" and isinstance(value, dict):
                value = merged(request, row, key, extension, value)
            extension.store(request, row, value)
    return validated.get("stored_extensions", {}) if is_subject(request, row) else ()


def merged(request: Request, row: Any, key: str, extension: Extension, patch: dict[str, Any]) -> dict[str, Any]:
    """The patch; where it finds nothing to change it is the whole value. Raises: Invalid for what that lacks."""
    if extension.load(request, [row]).get(row.id) is not None:
        return patch
    left_out = [child for child in extension.schema.children if child.name not in patch]
    lacking = [child.name for child in left_out if child.missing is required]
    if lacking:
        raise Invalid(errors=[Fault("body", f"extensions.{key}.{name}", "is required") for name in lacking])
    return {**{child.name: child.missing for child in left_out if child.missing is not drop}, **patch}


def is_subject(request: Request, row: Any) -> bool:
    """Whether the row is the one at this address, or one of the collection's here."""
    context = getattr(request, "context", None)
    if isinstance(context, Item):
        return row is context.row
    return isinstance(context, Collection) and class_of(row) is context.item.model


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
