"""Schemas: strict types, and the two shapes every service uses, ``Body`` and ``Query``.

Colander's own types are lenient (``true`` is an integer, ``"no"`` is True, NaN passes a range) and its errors repeat
the value. These are exact and silent. A field is ``name = field(Text(200))``; with ``missing=`` it is optional;
``nullable=True`` lets a body say ``null``.
"""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import colander
from colander import drop, null, required

from .errors import Fault

INT4_MAX = 2**31 - 1
#: How many unknown keys an error names: an answer must not outgrow its question.
MAX_UNKNOWN_KEYS = 50
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
UUID_PATTERN = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)


class Text(colander.String):
    """A string of ``min_chars`` to ``max_chars`` characters. ``is_trimmed``: white space at both ends goes first."""

    def __init__(self, max_chars: int, min_chars: int = 0, is_trimmed: bool = True) -> None:
        super().__init__()
        self.max_chars, self.min_chars, self.is_trimmed = max_chars, min_chars, is_trimmed

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is null:
            return null
        if not isinstance(cstruct, str):
            raise colander.Invalid(node, "must be a string")
        text = cstruct.strip() if self.is_trimmed else cstruct
        if CONTROL_CHARACTERS.search(text):
            raise colander.Invalid(node, "must not contain control characters")
        if len(text) < self.min_chars:
            raise colander.Invalid(node, f"must have at least {self.min_chars} character(s)")
        if len(text) > self.max_chars:
            raise colander.Invalid(node, f"must have at most {self.max_chars} characters")
        return text


class AnyText(Text):
    """A string of an answer: whatever it says."""

    def __init__(self) -> None:
        super().__init__(max_chars=INT4_MAX, is_trimmed=False)


class Whole(colander.Integer):
    """A JSON integer between two bounds. In a query string, decimal digits."""

    def __init__(self, min_value: int = 0, max_value: int = INT4_MAX, is_text: bool = False) -> None:
        super().__init__()
        self.min_value, self.max_value, self.is_text = min_value, max_value, is_text

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is null:
            return null
        if self.is_text and isinstance(cstruct, str) and re.fullmatch(r"-?[0-9]{1,18}", cstruct):
            cstruct = int(cstruct)
        if type(cstruct) is not int:
            raise colander.Invalid(node, "must be a whole number")
        if not self.min_value <= cstruct <= self.max_value:
            raise colander.Invalid(node, f"must be between {self.min_value} and {self.max_value}")
        return cstruct


class Number(colander.Float):
    """A JSON number of an answer."""

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is null:
            return null
        if type(cstruct) not in (int, float):
            raise colander.Invalid(node, "must be a number")
        return cstruct


class Flag(colander.Boolean):
    """JSON ``true`` or ``false``; in a query string the same words."""

    def __init__(self, is_text: bool = False) -> None:
        super().__init__()
        self.is_text = is_text

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is null:
            return null
        if self.is_text and cstruct in ("true", "false"):
            return cstruct == "true"
        if not isinstance(cstruct, bool):
            raise colander.Invalid(node, "must be true or false")
        return cstruct


class Moment(colander.DateTime):
    """An RFC 3339 time with its offset; a naive one is refused. Gives an aware UTC datetime."""

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is null:
            return null
        try:
            if not isinstance(cstruct, str) or not RFC_3339.fullmatch(cstruct):
                raise ValueError
            moment = datetime.fromisoformat(cstruct.upper()).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise colander.Invalid(node, "must be an RFC 3339 time with an offset") from error
        if not EARLIEST <= moment <= LATEST:
            raise colander.Invalid(node, "is out of range")
        return moment


class Id(colander.String):
    """A UUID."""

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is null:
            return null
        if not isinstance(cstruct, str) or not re.fullmatch(UUID_PATTERN, cstruct):
            raise colander.Invalid(node, "must be a UUID")
        return UUID(cstruct)


class Choice(colander.String):
    """One of some words."""

    def __init__(self, *words: str) -> None:
        super().__init__()
        self.words = words

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is null:
            return null
        if not isinstance(cstruct, str) or cstruct not in self.words:
            raise colander.Invalid(node, "must be one of: " + ", ".join(self.words))
        return cstruct


class Url(Text):
    """An absolute http or https address without credentials."""

    def __init__(self, max_chars: int = 2000) -> None:
        super().__init__(max_chars, min_chars=1)

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        text = super().deserialize(node, cstruct)
        if text is null:
            return null
        try:
            parts = urlsplit(text)
            is_fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
            _ = parts.port  # ValueError if out of range
        except ValueError:
            is_fine = False
        if not is_fine or re.search(r"\s", text):
            raise colander.Invalid(node, "must be an http or https address")
        return text


class Listing(colander.Sequence):
    """A JSON array of at most ``max_items``."""

    def __init__(self, max_items: int = 100) -> None:
        super().__init__()
        self.max_items = max_items

    def _validate(self, node: Any, value: Any, accept_scalar: Any) -> Any:
        if not isinstance(value, list):
            raise colander.Invalid(node, "must be a list")
        if len(value) > self.max_items:
            raise colander.Invalid(node, f"must have at most {self.max_items} items")
        return value


class Strict(colander.Mapping):
    """A JSON object without unknown keys. Every fault is reported, the unknown ones by name.

    ``ignores_unknown``: for a protocol that wants them passed over, unseen.
    """

    ignores_unknown = False

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is null:
            return null
        if not isinstance(cstruct, dict):
            raise colander.Invalid(node, "must be an object")
        error = colander.Invalid(node)
        result = {}
        for child in node.children:
            given = cstruct.get(child.name, null)
            try:
                value = self.child_value(child, given, child.name in cstruct)
                if value is not drop:
                    result[child.name] = value
            except colander.Invalid as child_error:
                error.add(child_error)
        known = set(cstruct) if self.ignores_unknown else {child.name for child in node.children}
        for name in [name for name in cstruct if name not in known][:MAX_UNKNOWN_KEYS]:
            unknown = colander.SchemaNode(colander.String(), name=name)
            error.add(colander.Invalid(unknown, "is unknown or written by the server only"))
        if error.children:
            raise error
        return result

    @staticmethod
    def child_value(child: Any, given: Any, is_given: bool) -> Any:
        if is_given and given is None:
            if getattr(child, "nullable", False):
                return None
            raise colander.Invalid(child, "must not be null")
        if given is null and child.missing is required:
            raise colander.Invalid(child, "is required")
        if given is null and child.preparer is None:
            return child.missing
        return child.deserialize(given)


class Anything(colander.SchemaType):
    """Any JSON value: of an answer whose parts a schema can't name."""

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        return cstruct


def field(typ: Any, *children: Any, missing: Any = required, nullable: bool = False, **kw: Any) -> Any:
    """One field. ``missing``: the value when it is left out (``drop``: no key then); required unless given."""
    return colander.SchemaNode(typ, *children, missing=missing, nullable=nullable, **kw)


class Body(colander.MappingSchema):
    """A JSON body. Unknown keys and server-written fields are faults."""

    schema_type = Strict


class Answer(colander.MappingSchema):
    """A JSON answer, described. ``missing=drop``: a key that may be absent; ``nullable=True``: one that may be null."""

    schema_type = Strict


class Query(colander.MappingSchema):
    """A query string. Unknown keys and repeated ones are faults. Numbers and flags take ``is_text=True``."""

    schema_type = Strict


class ItemQuery(Query):
    """What every GET of an item takes."""

    expand = field(Text(200), missing="", description="Comma-separated keys of extensions to include.")
    explain = field(Choice("permissions"), missing=None, description="Adds what the caller may here.")


class ListQuery(ItemQuery):
    """What every list takes. A list that can be ordered adds ``ordering = field(Choice(...))``."""

    limit = field(Whole(1, 100, is_text=True), missing=20, description="Items a page.")
    cursor = field(Text(2000), missing=None, description="Opaque; from 'next' or 'previous'.")


def definition_name(node: Any) -> str:
    """What an object is called in the document: as its class, or as ``definition`` says; "" for one without a name."""
    if getattr(node, "definition", ""):
        return str(node.definition)
    is_named = type(node) not in (colander.SchemaNode, colander.MappingSchema)
    return type(node).__name__.removesuffix("Answer") if is_named else ""


class SearchQuery(ListQuery):
    """What a list takes that can be searched (``search.searched``). Its ``ordering`` has the word ``rank``."""

    search = field(
        Text(200),
        missing="",
        description='Words, as in a web search: all must occur, in any form (Russian, English). "In quotes": in this'
        " order. or: one of two. -word: must not occur. The last word may be the beginning of one.",
    )


def merge_patch(body: type[Body]) -> colander.SchemaNode:
    """The JSON Merge Patch (RFC 7396) twin of a body: every field may be left out; null resets an optional one."""
    patched = body().clone()  # instances of a Colander class share their children
    for child in patched.children:
        child.reset_to = child.missing
        child.nullable = child.nullable or child.missing not in (required, drop)
        child.missing = drop
    patched.definition = f"{body.__name__}Patch"
    return patched


def apply_resets(schema: Any, validated: dict[str, Any]) -> dict[str, Any]:
    """Turn the nulls of a merge patch into what a left-out field means."""
    for child in schema.children:
        if child.name not in validated:
            continue
        value = validated[child.name]
        if value is None and hasattr(child, "reset_to"):
            validated[child.name] = None if child.reset_to in (required, drop) else child.reset_to
        elif isinstance(child.typ, Strict) and isinstance(value, dict):
            apply_resets(child, value)
    return validated


def faults(error: colander.Invalid, location: str) -> list[Fault]:
    """Every leaf of a Colander error, named by its dotted path."""
    found = []

    def walk(node_error: colander.Invalid, path: tuple[str, ...]) -> None:
        if node_error.msg:
            found.append(Fault(location, ".".join(path)[:200], "; ".join(map(str, node_error.messages()))))
        for child in node_error.children:
            name = (
                str(child.pos)
                if child.pos is not None and node_error.node.typ.__class__ is Listing
                else child.node.name
            )
            walk(child, (*path, name))

    walk(error, ())
    return found
