"""An example of a body or an answer: what its fields say with ``example=``, else something of their type."""

from typing import Any

import colander
from colander import drop

from ..schemas import Anything, Choice, Flag, Id, Moment, Number, Text, Url, Whole

ID, MOMENT, URL = "01a21900-8c1d-7c52-9f0e-3b9a6d2c4e11", "2030-01-31T09:00:00Z", "https://example.org/"


def example_of(node: Any) -> Any:
    """A JSON value that the node takes, or that an answer could have."""
    if "example" in node.__dict__:
        return node.example
    if isinstance(node.typ, colander.Mapping):
        return {child.name: example_of(child) for child in node.children if is_shown(child)}
    if isinstance(node.typ, colander.Sequence):
        return [example_of(node.children[0])]
    return scalar(node)


def is_shown(node: Any) -> bool:
    """What plugins add, and files, which no JSON has, are left out."""
    return node.name != "extensions" and not getattr(node.typ, "is_file", False)


def scalar(node: Any) -> Any:
    typ = node.typ
    if isinstance(typ, Id | Moment | Url):
        return ID if isinstance(typ, Id) else MOMENT if isinstance(typ, Moment) else URL
    if isinstance(typ, Choice):
        return node.missing if node.missing in typ.words else typ.words[0]
    if isinstance(typ, Flag):
        return node.missing if isinstance(node.missing, bool) else True
    if isinstance(typ, Whole):
        is_given = node.missing not in (colander.required, drop, None)
        return node.missing if is_given else max(typ.min_value, min(1, typ.max_value))
    if isinstance(typ, Text):
        return node.name.replace("_", " ").ljust(typ.min_chars, "…")[: typ.max_chars]
    return 4.5 if isinstance(typ, Number) else {} if isinstance(typ, Anything) else None
