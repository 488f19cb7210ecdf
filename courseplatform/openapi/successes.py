"""How a view answers when nothing is wrong: said with ``answer=`` and ``status=``, or following from its address."""

from dataclasses import dataclass
from typing import Any

import colander
from colander import drop
from pyramid.registry import Registry

from ..answers import OneOf, Page
from ..resources import Collection, Item, Node, class_at
from ..schemas import AnyText, Anything, Listing, Strict, definition_name, field
from ..service import Service
from ..validation import Validator


@dataclass(frozen=True)
class Success:
    """``schema``: a Colander node, a ``Binary``, or None where there is no body. ``has_etag``: for If-Match."""

    statuses: tuple[int, ...]
    schema: Any
    has_etag: bool = False

    def headers(self, status: int) -> list[str]:
        """What an answer with this status never lacks."""
        location = ["Location"] if status in (201, 302, 307) else []
        return [*location, "ETag"] if self.has_etag and status < 300 else location


def success_of(registry: Registry, service: Service, validator: Validator) -> Success:
    """How one view answers when nothing is wrong."""
    node_class = class_at(registry, service.traverse)
    answer = validator.answer
    if answer is None and node_class is not None:
        answer = usual_answer(node_class, service, validator.method)
    status = 204 if answer is None and validator.method == "DELETE" else 200
    if validator.method == "POST" and node_class and issubclass(node_class, Collection) and not service.is_facet:
        status = 201
    statuses = validator.status or (status,)
    is_item = node_class is not None and issubclass(node_class, Item) and not service.is_facet
    has_etag = is_item and validator.method in ("GET", "PUT", "PATCH")
    return Success(statuses, None if statuses == (204,) else schema_of(registry, answer), has_etag)


def usual_answer(node_class: type[Node], service: Service, method: str) -> Any:
    """A collection's GET gives a page of rows, its POST a row; an item's methods, and its facets' PUTs, the item."""
    if method == "DELETE":
        return None
    if issubclass(node_class, Collection) and not service.is_facet:
        return {"GET": Page(node_class.item.model), "POST": node_class.item.model}.get(method)
    if issubclass(node_class, Item) and (method in ("PUT", "PATCH") or not service.is_facet):
        return node_class.model
    return None


def schema_of(registry: Registry, answer: Any) -> Any:
    """The Colander node of what ``answer=`` names, with the extensions that plugins offer."""
    if answer is None:
        return colander.SchemaNode(Anything())
    if isinstance(answer, Page):
        item = schema_of(registry, answer.of)
        name = f"{definition_name(item) or 'Row'}Page"
        page = colander.SchemaNode(Strict(), definition=name, description="One page of a list.")
        page.add(colander.SchemaNode(Listing(1000), item, name="results"))
        for name in ("next", "previous"):
            page.add(field(AnyText(), name=name, nullable=True, description="Address of that page; null: none."))
        return page
    if isinstance(answer, OneOf):
        return OneOf(*(schema_of(registry, one) for one in answer.of))
    if isinstance(answer, type) and issubclass(answer, Anything):
        return colander.SchemaNode(Anything())
    if isinstance(answer, type) and issubclass(answer, colander.MappingSchema):
        return with_extensions(registry, answer().clone(), model_like(registry, answer))
    if isinstance(answer, type):
        return row_schema(registry, answer)
    return answer.clone() if isinstance(answer, colander.SchemaNode) else answer


def row_schema(registry: Registry, model: Any) -> Any:
    """The form of a model's rows: what ``add_representation`` says, and ``extensions`` where plugins offer some."""
    representation = registry["representations"].get(model)
    if representation is None or representation.schema is None:
        return colander.SchemaNode(Anything())
    return with_extensions(registry, representation.schema().clone(), model)


def model_like(registry: Registry, answer: type[Any]) -> Any:
    """The model whose form the answer is, or enlarges; None if there is none."""
    forms = registry["representations"].items()
    return next((model for model, form in forms if form.schema and issubclass(answer, form.schema)), None)


def with_extensions(registry: Registry, node: Any, model: Any) -> Any:
    extensions = registry["extensions"].get(model)
    if extensions:
        offered = colander.SchemaNode(Strict(), name="extensions", missing=drop)
        offered.description = "What '?expand=' asked for."
        for key, extension in sorted(extensions.items()):
            child = schema_of(registry, extension.answer) if extension.answer else colander.SchemaNode(Anything())
            child.name, child.missing, child.nullable = key, drop, True
            offered.add(child)
        node.add(offered)
    return node
