"""What plugins add to the input of others' addresses: extensions to a body, filters and orderings to a list.

An address that takes more than its author wrote has a larger twin of its schemas, one per application:
``registry["view.schemas"][validator]``. The twin is what validates a request; it is complete, descriptions included,
and so also what a description of the address (Swagger) has to read: see ``schemas_of``.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, cast

import colander
from colander import drop
from pyramid.config import PHASE3_CONFIG, Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.registry import Registry
from sqlalchemy import ColumnElement, Select

from .pagination import READERS, Ordering
from .representation import Extension
from .resources import Collection, Item, Node, class_at
from .schemas import Body, Choice, ListQuery, Strict, field, merge_patch
from .service import Service
from .validation import Validator, validator_of

#: When every service and every node is known.
LATE = PHASE3_CONFIG + 10

Narrow = Callable[[Select[Any], Any], Select[Any]]
NarrowFor = Callable[[Select[Any], Any, Any], Select[Any]]


@dataclass
class Extended:
    """The schemas of one view with what plugins added, and what to do with it."""

    query: Any
    body: Any
    filters: dict[str, NarrowFor] = attribute(default_factory=dict)
    orderings: dict[str, Ordering] = attribute(default_factory=dict)
    own_ordering: Any = None

    def take(self, values: dict[str, Any]) -> dict[str, Any]:
        """Move what was added out of the query string's values: its own view knows nothing of it."""
        taken: dict[str, Any] = {}
        filters = [(apply, values.pop(name)) for name, apply in self.filters.items() if name in values]
        if filters:
            taken["filters"] = filters
        if values.get("ordering") in self.orderings:
            taken["ordering"] = self.orderings[values["ordering"]]
            values["ordering"] = self.own_ordering
        return taken


def schemas_of(registry: Registry, validator: Validator) -> Any:
    """The ``query`` and ``body`` schemas of a view, with what plugins added."""
    return registry["view.schemas"].get(validator, validator)


def add_extension(
    config: Configurator,
    model: Any,
    key: str,
    load: Any,
    schema: Any = None,
    store: Any = None,
    answer: Any = None,
    shared: Iterable[str] | None = None,
    shared_by: Iterable[str] = (),
) -> None:
    """Offer ``extensions.<key>`` on another's resource, for clients that ask ``?expand=<key>``.

    ``load(request, rows) -> {row.id: JSON value}`` runs once per page; ``answer``, an ``Answer`` class or a
    ``field(…)``, describes such a value. With ``schema`` (a ``Body`` class, a
    ``field(…)`` or a field's type) the key can be written too, in the body of the resource's own POST, PUT and PATCH:
    ``store(request, row, value)`` runs in that transaction when the row is written, and may raise to refuse all of it.
    In a PATCH the value of a ``Body`` has only the fields that were given, unless ``load`` finds nothing to change:
    then it is whole. Null is for a schema that is ``nullable``. ``shared``: the cache topics that ``load`` depends on
    besides the rows; left out, an answer with this extension is never shared. ``shared_by``: roles whose holders it
    tells the same, as a view's ``shared_by``.
    """
    model, load, schema, store, answer = map(config.maybe_dotted, (model, load, schema, store, answer))
    if (schema is None) != (store is None):
        raise ConfigurationError(f"extension {key!r} of {model.__name__}: schema and store need each other")
    topics = None if shared is None else tuple(shared)
    extension = Extension(load, input_node(key, schema), store, answer, topics, frozenset(shared_by))

    def register() -> None:
        config.registry["extensions"].setdefault(model, {})[key] = extension
        if schema is not None:
            for view in writers_of(config.registry, model, f"extension {key!r}"):
                view.schemas.body["extensions"].add(input_node(key, schema, is_patch=view.method == "PATCH"))

    config.action(("extension", model, key), register, order=LATE)


def input_node(key: str, schema: Any, is_patch: bool = False) -> Any:
    """The field ``extensions.<key>`` of a body."""
    if schema is None:
        return None
    if isinstance(schema, type) and issubclass(schema, Body):
        node = merge_patch(schema) if is_patch else schema().clone()
    else:
        node = schema.clone() if isinstance(schema, colander.SchemaNode) else field(schema)
    node.name, node.missing = key, drop
    return node


def add_filter(config: Configurator, model: Any, name: str, field: Any, apply: Any) -> None:
    """Let the lists of ``model`` be filtered by ``?<name>=``: ``apply(statement, value) -> statement``.

    One that has a third argument, ``request``, is given it too: who asks (``identity``), and when (``now``).
    ``field``: as of a query string, ``field(Choice("a", "b"), description="…")``. Left out, a filter does nothing.
    """
    model, field, apply = map(config.maybe_dotted, (model, field, apply))
    node = field.clone()
    node.name, node.missing = name, drop

    def register() -> None:
        for listing in lists_of(config.registry, model, f"filter {name!r}"):
            if name in listing.schemas.query:
                raise ConfigurationError(f"filter {name!r}: {listing.path} has a parameter of that name")
            listing.schemas.query.add(node.clone())
            listing.schemas.filters[name] = for_request(apply)

    config.action(("filter", model, name), register, order=LATE)


def for_request(apply: Narrow | NarrowFor) -> NarrowFor:
    """A filter's function that takes the request, whether or not its author's does."""
    if "request" in inspect.signature(apply).parameters:
        return cast(NarrowFor, apply)
    narrow = cast(Narrow, apply)
    return lambda statement, value, request: narrow(statement, value)


def add_ordering(config: Configurator, model: Any, name: str, column: Any, join: Any = None) -> None:
    """Let the lists of ``model`` be ordered by ``?ordering=<name>`` and ``-<name>``.

    ``column``: a column or an SQL expression of whole numbers, texts, times or UUIDs that is never NULL (``coalesce``).
    One of another table needs ``join(statement) -> statement``, which may neither drop nor repeat rows.
    """
    model, column, join = map(config.maybe_dotted, (model, column, join))
    label = f"ordering {name!r}"
    check_column(label, model, column, join)

    def register() -> None:
        for listing in lists_of(config.registry, model, label):
            add_words(listing, label, name)
            for word in (name, f"-{name}"):
                listing.schemas.orderings[word] = Ordering(word, column, join)

    config.action(("ordering", model, name), register, order=LATE)


def check_column(label: str, model: Any, column: ColumnElement[Any], join: Any) -> None:
    """Raises: ConfigurationError for one that pages can't be cut by."""
    try:
        is_readable = column.type.python_type in READERS
    except NotImplementedError:
        is_readable = False
    if not is_readable:
        raise ConfigurationError(f"{label}: cast it to a whole number, a text, a time or a UUID")
    if getattr(column, "nullable", False):
        raise ConfigurationError(f"{label}: the column may be NULL; wrap it in coalesce")
    if join is None and getattr(column, "table", model.__table__) is not model.__table__:
        raise ConfigurationError(f"{label}: the column is of another table; give join=")


def add_words(listing: "View", label: str, name: str) -> None:
    """Let a list's parameter ``ordering`` say ``name`` and ``-name``."""
    query, added = listing.schemas.query, (name, f"-{name}")
    if "ordering" not in query:
        query.add(field(Choice(*added), missing=None, name="ordering", description="What the list is ordered by."))
        return
    words = query["ordering"].typ.words
    if set(words) & set(added):
        raise ConfigurationError(f"{label}: {listing.path} has an ordering of that name")
    if not listing.schemas.orderings:
        listing.schemas.own_ordering = query["ordering"].missing
    query["ordering"].typ = Choice(*words, *added)


@dataclass(frozen=True)
class View:
    """A view at a resource's own address, and its extended schemas."""

    path: str
    method: str
    schemas: Extended


def lists_of(registry: Registry, model: Any, label: str) -> list[View]:
    """The lists of a model's rows. Raises: ConfigurationError if there is none."""
    found = [
        extended(registry, service, validator)
        for service, node_class, validator in views_of(registry, model)
        if issubclass(node_class, Collection) and validator.method == "GET" and isinstance(validator.query, ListQuery)
    ]
    if not found:
        raise ConfigurationError(f"{label}: {model.__name__} has no list of its own")
    return found


def writers_of(registry: Registry, model: Any, label: str) -> list[View]:
    """The views that write rows of a model by a body, which has ``extensions`` then. Raises: ConfigurationError."""
    found = []
    for service, node_class, validator in views_of(registry, model):
        methods = ("POST",) if issubclass(node_class, Collection) else ("PUT", "PATCH")
        if validator.method not in methods or validator.body is None or validator.is_empty:
            continue
        view = extended(registry, service, validator)
        if "extensions" in validator.body:
            raise ConfigurationError(f"{label}: {view.path} has a field 'extensions' of its own")
        if "extensions" not in view.schemas.body:
            view.schemas.body.add(field(Strict(), missing=drop, name="extensions", description="What plugins add."))
        found.append(view)
    if not found:
        raise ConfigurationError(f"{label}: no address of {model.__name__} takes a body")
    return found


def extended(registry: Registry, service: Service, validator: Validator) -> View:
    body = validator.body.clone() if validator.body is not None else None
    schemas = registry["view.schemas"].setdefault(validator, Extended(validator.query.clone(), body))
    return View(service.public_path, validator.method, schemas)


def views_of(registry: Registry, model: Any) -> Iterator[tuple[Service, type[Node], Validator]]:
    """The views at the own addresses of a model's rows and collections; an item's facets are none of them."""
    for service in registry.cornice_services.values():
        if not isinstance(service, Service) or service.is_facet:
            continue
        node_class = class_at(registry, service.traverse)
        if node_class is None or model_of(node_class) is not model:
            continue
        for method, _, arguments in service.definitions:
            validator = validator_of(arguments)
            if method != "HEAD" and validator is not None:  # HEAD has GET's
                yield service, node_class, validator


def model_of(node_class: type[Node]) -> Any:
    """What the rows at a node, or beneath a collection, are of; None for any other node."""
    if issubclass(node_class, Collection):
        return node_class.item.model
    return node_class.model if issubclass(node_class, Item) else None


def includeme(config: Configurator) -> None:
    config.registry["view.schemas"] = {}
    config.add_directive("add_extension", add_extension)
    config.add_directive("add_filter", add_filter)
    config.add_directive("add_ordering", add_ordering)
