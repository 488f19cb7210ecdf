"""What a view was given: its query and its body, by the schemas that ``Service`` was told, all faults at once."""

from datetime import date
from typing import Any

import colander
from pyramid.request import Request

from . import etags
from .errors import Invalid
from .ingress import check_text, read_json
from .schemas import apply_resets, faults

#: What changes the item at its address.
WRITES = ("PUT", "PATCH", "DELETE")


class Validator:
    """Fills ``request.validated`` with ``body`` and ``querystring``. Raises all faults of both at once."""

    def __init__(
        self, method: str, body: Any, query: Any, requires_match: bool, reader: Any, is_empty: bool = False
    ) -> None:
        """``is_empty``: the body may be left out, and ``body`` has no fields."""
        self.method, self.body, self.query = method, body, query
        self.requires_match, self.reader, self.is_empty = requires_match, reader, is_empty
        self.form: Any = None
        self.has_dry_run = True
        self.answer: Any = None
        self.status: tuple[int, ...] | None = None
        self.deprecated_on: date | None = None
        self.sunset_on: date | None = None
        self.limit: str | bool | None = None
        self.refusal: Any = None
        self.shared: tuple[str, ...] | None = None
        self.shared_by: frozenset[str] = frozenset()
        self.__name__ = "validate"

    def __deepcopy__(self, memo: Any) -> "Validator":
        return self  # Cornice copies what a view is given, and by its validator one finds what plugins added

    def __call__(self, request: Request, **kw: Any) -> None:
        found = []
        request.validated["querystring"] = values = {}
        schemas = request.registry["view.schemas"].get(self, self)
        try:
            values.update(schemas.query.deserialize(read_query(request)))
            if schemas is not self:
                request.validated.update(schemas.take(values))
        except colander.Invalid as error:
            found += faults(error, "querystring")
        if self.body is not None and not (self.is_empty and not request.content_length):
            try:
                request.validated["body"] = body = self.read_body(request, schemas.body)
                if schemas is not self and (extensions := body.pop("extensions", None)):
                    request.validated["extensions"] = extensions
            except colander.Invalid as error:
                found += faults(error, "body")
        if found:
            raise Invalid(errors=found)
        if self.method in WRITES:
            etags.check_if_match(request, self.requires_match)

    def read_body(self, request: Request, schema: Any) -> dict[str, Any]:
        if self.reader is not None:
            given = self.reader(request)
            schema = self.body if request.content_type == "multipart/form-data" else schema
        elif self.method == "PATCH":
            given = read_json(request, "application/merge-patch+json", "application/json")
        else:
            given = read_json(request, "application/json")
        values = schema.deserialize(given)
        return apply_resets(schema, values) if self.method == "PATCH" else values


def validator_of(arguments: dict[str, Any]) -> Validator | None:
    """What validates a view, by Cornice's arguments of its definition; None for one of a plain Cornice service."""
    return next((one for one in arguments.get("validators", ()) if isinstance(one, Validator)), None)


def read_query(request: Request) -> dict[str, Any]:
    """The query string as a dict. Raises: Invalid for a repeated key or text that can't be stored."""
    values: dict[str, Any] = {}
    try:
        pairs = list(request.GET.items())
        for name, value in pairs:
            check_text(name)
            check_text(value)
    except ValueError as error:
        raise Invalid.field("", "must be UTF-8 text", "querystring") from error
    for name, value in pairs:
        if name in values:
            raise Invalid.field(name[:200], "is given twice", "querystring")
        values[name] = value
    return values
