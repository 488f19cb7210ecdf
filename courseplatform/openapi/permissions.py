"""``x-permissions``: who may call an operation and when, found by asking the tree that enforces it.

The ACLs of an address are functions of its rows. They are run here on made-up rows: whenever one looks at a column, it
is run once for each value that the column can have, and the answers are put together to a rule for each role.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from inspect import getattr_static
from types import FunctionType
from typing import Any, cast
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sa
from pyramid.authorization import ACLHelper, Authenticated, Everyone
from pyramid.location import lineage
from pyramid.registry import Registry

from ..resources import Item, Node, Root, class_at, items_of
from ..rights import lines
from ..schemas import EARLIEST, LATEST, Choice

#: What was assumed: (kind, column) → value.
Case = dict[tuple[str, str], Any]
#: The same, with all values for which the answer is alike.
Cases = dict[tuple[str, str], frozenset[Any]]


class Undecidable(Exception):
    """An ACL asks for what only a real request has."""


class Asked(Exception):
    """An ACL looks at a column for which nothing has been assumed yet."""

    def __init__(self, key: tuple[str, str], values: list[Any]) -> None:
        super().__init__(key)
        self.key, self.values = key, values


class SupposedRequest:
    """Nobody's request: it knows its application, and nothing else."""

    now = EARLIEST + (LATEST - EARLIEST) / 2

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def __getattr__(self, name: str) -> Any:
        raise Undecidable(name)


class SupposedRow:
    """A row of which only what is looked at is supposed. ``above``: table → the id of its row in the lineage."""

    def __init__(self, registry: Registry, node_class: type[Item], case: Case, above: dict[str, UUID]) -> None:
        self.registry, self.node_class, self.case, self.above = registry, node_class, case, above

    def __getattr__(self, name: str) -> Any:
        model, kind = self.node_class.model, self.node_class.kind
        column = sa.inspect(model).columns.get(name)
        if column is None:
            found = getattr_static(model, name, None)
            if isinstance(found, property) and found.fget:
                return found.fget(self)
            if isinstance(found, FunctionType):
                return partial(found, self)
            raise Undecidable(name)
        if isinstance(column.type, sa.Uuid):
            tables = [key.column.table.name for key in column.foreign_keys]
            return next((self.above[table] for table in tables if table in self.above), supposed_id(kind, name))
        if (kind, name) not in self.case:
            raise Asked((kind, name), self.values(column))
        return self.case[(kind, name)]

    def values(self, column: Any) -> list[Any]:
        """Raises: Undecidable for a column whose values can't be told."""
        if isinstance(column.type, sa.Boolean):
            return [True, False]
        form = self.registry["representations"].get(self.node_class.model)
        fields = form.schema().children if form and form.schema else ()
        words = [list(node.typ.words) for node in fields if node.name == column.key and isinstance(node.typ, Choice)]
        if words:
            return words[0]
        if isinstance(column.type, sa.DateTime):
            return [None, EARLIEST] if column.nullable else [EARLIEST, LATEST]
        raise Undecidable(column.key)


def supposed_id(kind: str, column: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"{kind}.{column}")


@dataclass(frozen=True)
class Seen:
    """A node as its ACL was in one case. ``view_permission``: what is asked of who wants to see it; None: nothing."""

    __acl__: list[Any]
    __parent__: "Seen | None"
    view_permission: str | None


def rules(registry: Registry, path: str, permission: str) -> dict[str, str]:
    """Role → when its bearer may use ``permission`` at the node of this path, in words; only roles that may at all.

    ``path``: a service's ``traverse``. Empty where an ACL decides by what only a real request has.
    """
    options: dict[tuple[str, str], frozenset[Any]] = {}
    try:
        cases = list(outcomes(lambda case: seen_at(registry, path, case), options))
    except (Undecidable, KeyError):
        return {}
    names: dict[str, str] = {}
    for _, (leaf, items) in cases:
        asked = {permission, *(one.view_permission for one in lineage(leaf))}
        for line in lines(leaf):
            if any(name in line.permissions for name in asked if name):
                names.setdefault(line.principal, name_of(line.principal, items))
    told = {name: rule(cases, options, permission, principal) for principal, name in names.items()}
    return {name: told[name] for name in sorted(told) if told[name]}


def rule(cases: list[Any], options: dict[Any, frozenset[Any]], permission: str, principal: str) -> str:
    """When the bearer of one principal may, in words; "" for never.

    One who may but does not see the address by this principal alone sees it by another.
    """
    principals = {Everyone} if principal == Everyone else {Everyone, Authenticated, principal}
    acl = ACLHelper()
    may = [(case, leaf) for case, (leaf, _) in cases if acl.permits(leaf, principals, permission)]
    see = [
        (case, leaf)
        for case, leaf in may
        if all(acl.permits(one, principals, one.view_permission) for one in lineage(leaf) if one.view_permission)
    ]
    spoken = [line for _, leaf in may for line in lines(leaf) if line.node is leaf and line.principal == principal]
    own = any(permission in line.permissions for line in spoken)
    if not see and not own:
        return ""
    told: list[Cases] = [{key: frozenset([value]) for key, value in case.items()} for case, _ in see or may]
    sentence = " or ".join(sorted(in_words(case, options) for case in merged(told, options)))
    return sentence if see else f"{sentence}, if they see it"


def outcomes(ask: Callable[[Case], Any], options: dict[Any, frozenset[Any]]) -> Iterator[tuple[Case, Any]]:
    """Every case that makes a difference to ``ask``, with what it says. ``options`` learns the columns' values."""
    open_cases: list[Case] = [{}]
    while open_cases:
        case = open_cases.pop()
        try:
            yield case, ask(case)
        except Asked as asked:
            open_cases += [{**case, asked.key: value} for value in asked.values]
            options[asked.key] = frozenset(asked.values)


def seen_at(registry: Registry, path: str, case: Case) -> tuple[Seen, list[Item]]:
    """The node at a path as it is in one case, and the items of its lineage. Raises: Asked, KeyError, Undecidable."""
    node, seen, above, segments = supposed(registry, Root, "", None), None, {}, list(filter(None, path.split("/")))
    seen = Seen(list(node.__acl__), None, None)
    for depth, segment in enumerate(segments, 1):
        node_class = class_at(registry, "/".join(segments[:depth]))
        node = node[segment] if node_class is None else supposed(registry, node_class, segment, node)
        if isinstance(node, Item):
            node.__name__ = str(supposed_id(node.kind, "id"))
            above[node.model.__tablename__] = node.id
            node.row = SupposedRow(registry, type(node), case, above)
        seen = Seen(list(node.__acl__), seen, node.view_permission if isinstance(node, Item) else None)
    return seen, items_of(node)


def supposed(registry: Registry, node_class: type[Node], segment: str, parent: Node | None) -> Node:
    """A node whose own ``__init__``, which may ask the database, is left out."""
    node = node_class.__new__(node_class)
    Node.__init__(node, cast(Any, SupposedRequest(registry)), segment, parent)
    return node


def merged(cases: list[Cases], options: dict[Any, frozenset[Any]]) -> list[Cases]:
    """The same with as few cases as possible: two that differ in one column are one with the values of both."""
    for first in cases:
        for second in cases:
            keys = {*first, *second}
            unlike = [key for key in keys if first.get(key, options[key]) != second.get(key, options[key])]
            if first is not second and len(unlike) <= 1:
                both = {key: first.get(key, options[key]) | second.get(key, options[key]) for key in keys}
                both = {key: values for key, values in both.items() if values != options[key]}
                return merged([*(one for one in cases if one is not first and one is not second), both], options)
    return cases


def in_words(case: Cases, options: dict[Any, frozenset[Any]]) -> str:
    """``course.status is archived or published and lesson.is_published``; "always" for no condition."""
    return " and ".join(condition(".".join(key), values) for key, values in sorted(case.items())) or "always"


def condition(name: str, values: frozenset[Any]) -> str:
    if values <= {True, False}:
        return name if True in values else f"not {name}"
    if values & {None, EARLIEST, LATEST}:
        return f"{name} is {'not set' if None in values else 'to come' if LATEST in values else 'past'}"
    return f"{name} is {' or '.join(sorted(values))}"


def name_of(principal: str, items: list[Item]) -> str:
    """A principal in public words: ``course teacher``, ``submission student``, ``admin``, ``signed in``."""
    if principal in (Everyone, Authenticated):
        return "anyone" if principal == Everyone else "signed in"
    kind, _, rest = str(principal).partition(":")
    if kind == "role":
        return rest
    if kind == "user":
        for item in items:
            for column in sa.inspect(item.model).columns:
                if str(supposed_id(item.kind, column.key)) == rest:
                    return "themselves" if column.key == "id" else f"{item.kind} {column.key.removesuffix('_id')}"
    return f"{kind} {rest.rpartition(':')[2]}" if ":" in rest else str(principal)
