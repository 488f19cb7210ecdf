"""The resource tree: a URL's path is a path of nodes; its lineage is its ACL.

Nodes are made from the segments alone. Then one statement loads the rows of every ``Item`` in the lineage, whatever
the depth: at once for a write, which locks them, else when one is asked for. A row that is missing, or that hangs
beneath another parent, leaves ``row = None`` there and beneath.
What a missing row answers is security's business: exactly what a hidden one answers.
"""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from pyramid.authorization import ALL_PERMISSIONS, Allow
from pyramid.config import PHASE1_CONFIG, Configurator
from pyramid.interfaces import ITraverser
from pyramid.registry import Registry
from pyramid.request import Request
from sqlalchemy import ColumnElement, Select, and_, bindparam, select, text
from zope.interface import implementer

from .db import SAFE_METHODS
from .entities import columns_of, make_entities
from .ready import Ready

#: How a write to an item locks its row: the strongest that it will need, for two who raise their locks deadlock.
LEAF_LOCKS = {"PUT": "NO KEY UPDATE", "PATCH": "NO KEY UPDATE", "DELETE": "UPDATE"}

#: Under this key a session keeps the rows that nobody changes meanwhile.
HELD = "courseplatform.held"


class Node:
    """One URL segment. ``__parent__`` leads to the root; ``__acl__`` says who may."""

    __acl__: Any = ()
    _items: "list[Item] | None" = None

    def __init__(self, request: Request, name: str | None = None, parent: "Node | None" = None) -> None:
        self.request, self.__name__ = request, name
        self.__parent__: Any = parent  # of whatever class is mounted there, which those beneath it know

    def __getitem__(self, segment: str) -> "Node":
        factory = mounted(self.request.registry, type(self), segment)
        if factory is None:
            raise KeyError(segment)
        return factory(self.request, segment, self)


class Root(Node):
    """``/``: administrators may everything that nothing nearer to the leaf denies."""

    __acl__ = [(Allow, "role:admin", ALL_PERMISSIONS)]


class RowWhenAsked:
    """``Item.row`` until it is known: the first to ask for one, while reading, loads those of the whole lineage."""

    def __get__(self, item: Any, cls: type[Any]) -> Any:
        if item is not None and item._leaf is not None:
            load_rows(item.request, item._leaf, is_locking=False)
            return item.__dict__.get("row")
        return None


class Item(Node):
    """A node that stands for one row.

    ``model``: the mapped class. ``kind``: the word in local roles, ``course:{id}:teacher``.
    ``parent_id``: the model's column that holds the id of the nearest item above, if there is one.
    ``view_permission``: a signed-in caller without it is told 404, as if the row were missing.
    ``is_public``: such rows can be seen without signing in; so an anonymous caller who may not is told 404, else 401.
    ``hidden_permissions``: their refusal is a 404 too, although the row may be visible.
    ``keeps_row``: DELETE changes the row and does not delete it.
    ``held_for``: how what is written beneath it holds the row. ``KEY SHARE``: whoever deletes it waits, and what comes
    later finds nothing. ``SHARE``: nobody changes it meanwhile (see ``is_held``).
    ``is_keyed``: the segment is the row's id; a node that finds its row otherwise (``me``) says False.
    """

    model: ClassVar[Any] = None
    kind: ClassVar[str] = ""
    parent_id: ClassVar[str | None] = None
    view_permission: ClassVar[str | None] = None
    is_public: ClassVar[bool] = False
    hidden_permissions: ClassVar[tuple[str, ...]] = ()
    keeps_row: ClassVar[bool] = False
    held_for: ClassVar[str] = "KEY SHARE"
    is_keyed: ClassVar[bool] = True
    row: Any = RowWhenAsked()
    _leaf: Node | None = None

    @property
    def id(self) -> UUID:
        return UUID(self.__name__)


class Collection(Node):
    """A node whose children are rows of ``item.model``."""

    item: ClassVar[type[Item]]

    def __getitem__(self, segment: str) -> Node:
        try:
            return super().__getitem__(segment)
        except KeyError:
            return self.item(self.request, segment, self)


def mounted(registry: Registry, node_class: type[Node], segment: str) -> Any:
    """What is mounted there on nodes of a class, or on one that it derives from; None if nothing is."""
    tree = registry["resource.tree"]
    for cls in node_class.__mro__:
        if (cls, segment) in tree:
            return tree[cls, segment]
    return None


def class_at(registry: Registry, path: str) -> type[Node] | None:
    """The class of the nodes at a service's path; None where a class makes its children in a way of its own."""
    found: type[Node] = Root
    for segment in filter(None, path.split("/")):
        factory = mounted(registry, found, segment)
        if factory is None and segment.startswith("{") and issubclass(found, Collection):
            factory = getattr(found, "item", None)
        if not isinstance(factory, type):
            return None
        found = factory
    return found


def items_of(node: Node) -> list[Item]:
    """The items of a node's lineage, from the root downwards. Security asks for them again and again."""
    if node._items is None:
        above = node.__parent__
        items = [] if above is None else items_of(above)
        node._items = [*items, node] if isinstance(node, Item) else items
    return node._items


def lineage_statement(classes: tuple[type[Item], ...], is_locking: bool, leaf_lock: str = "") -> Select[Any]:
    """``SELECT`` of the rows of a chain of items. Parameters: ``id_0`` … from the root downwards.

    It gives their columns, as ``make_entities`` takes them. Reading joins outwards, so that a miss still tells how far
    the path exists. Locking holds the rows from the root downwards, each as its class says (``held_for``).
    ``leaf_lock``: another lock on the last one. ``NO KEY UPDATE``: two writers of one row wait for each other, and
    its children may still be inserted. ``UPDATE``: they may not.
    """
    models = [cls.model for cls in classes]
    columns = [column for model in models for column in columns_of(model)]
    statement = select(*columns).select_from(models[0]).where(models[0].id == bindparam("id_0"))
    for depth in range(1, len(classes)):
        on = and_(models[depth].id == bindparam(f"id_{depth}"), hangs_beneath(classes, models, depth))
        statement = statement.join(models[depth], on, isouter=not is_locking)
    if is_locking:  # SQLAlchemy has one clause only, and PostgreSQL locks in their order
        locks = [cls.held_for for cls in classes[:-1]] + [leaf_lock or classes[-1].held_for]
        clauses = (f"FOR {lock} OF {model.__table__.name}" for lock, model in zip(locks, models, strict=True))
        # nosemgrep: no-sql-from-values (words of ours and tables' names)
        statement = statement.suffix_with(text(" ".join(clauses)))
    return statement


def is_unread(item: Item) -> bool:
    """Whether its row would still have to be loaded."""
    return item.is_keyed and item._leaf is not None and "row" not in item.__dict__


def hangs_beneath(classes: Sequence[type[Item]], rows: Sequence[Any], depth: int) -> ColumnElement[bool]:
    """SQL: whether a row of a chain belongs to the one above it. ``rows``: the models of the classes, or aliases.

    Raises: TypeError for a class that doesn't say by which column.
    """
    above, beneath = classes[depth - 1 : depth + 1]
    if beneath.parent_id is None:
        raise TypeError(f"{beneath.__name__} hangs beneath {above.__name__}: it needs parent_id")
    belongs: ColumnElement[bool] = getattr(rows[depth], beneath.parent_id) == rows[depth - 1].id
    return belongs


def load_rows(request: Request, node: Node, *, is_locking: bool) -> None:
    """Fill ``row`` of every item in the lineage in one statement. A write holds them; one to an item locks its row."""
    items = [item for item in items_of(node) if item.is_keyed]
    if not items:
        return
    classes = tuple(type(item) for item in items)
    ids = {f"id_{depth}": item.id for depth, item in enumerate(items)}
    found = None
    if is_locking:
        leaf_lock = LEAF_LOCKS.get(request.method, "KEY SHARE") if items[-1] is node else ""
        if leaf_lock == "UPDATE" and items[-1].keeps_row:
            leaf_lock = "NO KEY UPDATE"
        found = ready_lineage(request.registry, classes, True, leaf_lock).first(request.db, ids)
    if found is None:
        found = ready_lineage(request.registry, classes, False).first(request.db, ids)
        is_locking = False
    models = [item.model for item in items]
    rows = make_entities(request.db, models, found) if found is not None else [None] * len(items)
    for item, row in zip(items, rows, strict=True):
        item.row = row
        if is_locking and item is not node and item.held_for == "SHARE":
            request.db.info.setdefault(HELD, set()).add(row)


def is_held(request: Request, row: Any) -> bool:
    """Whether nobody changes a row of this request's address until the commit, and it is as the database has it."""
    return row in request.db.info.get(HELD, ())


def ready_lineage(registry: Registry, *key: Any) -> Ready:
    """``lineage_statement(*key)``, built and compiled once per chain."""
    known: dict[Any, Ready] = registry["lineage.statements"]
    if key not in known:
        known[key] = Ready(lineage_statement(*key), registry["db.engine"].dialect)
    return known[key]


@implementer(ITraverser)
class StrictTraverser:
    """Every segment is a literal child name: no ``@@`` view selector, no ``.`` or ``..``, no leftover path."""

    def __init__(self, root: Node) -> None:
        self.root = root

    def __call__(self, request: Request) -> dict[str, Any]:
        matched = request.matchdict or {}
        node, left = self.root, self.segments(matched)
        traversed = []
        while left:
            try:
                node = node[left[0]]
            except KeyError:
                break
            traversed.append(left.pop(0))
        if not left:
            if request.method in SAFE_METHODS:
                for item in items_of(node):
                    item._leaf = node  # an answer that is shared needs none
            else:
                load_rows(request, node, is_locking=True)
        return {
            "context": node,
            "view_name": left[0] if left else "",
            "subpath": tuple(left[1:]),
            "traversed": tuple(traversed),
            "virtual_root": self.root,
            "virtual_root_path": (),
            "root": self.root,
        }

    @staticmethod
    def segments(matched: dict[str, Any]) -> list[str]:
        values = matched.values()
        if "." in values or ".." in values:
            return [".."]  # no node has this name: the leftover makes the request a 404
        return list(matched.get("traverse", ()))


def add_resource_node(config: Configurator, parent: Any, name: str, factory: Any) -> None:
    """Mount ``factory`` (a ``Node`` class) as the child ``name`` of every node of class ``parent``, also a foreign one.

    Two plugins on one spot are a conflict at start-up.
    """
    parent, factory = config.maybe_dotted(parent), config.maybe_dotted(factory)
    introspectable = config.introspectable(
        "resource nodes", (parent, name), f"{parent.__name__}/{name}", "resource node"
    )
    introspectable["parent"], introspectable["name"], introspectable["factory"] = parent, name, factory

    def register() -> None:
        config.registry["resource.tree"][(parent, name)] = factory

    config.action(("resource node", parent, name), register, order=PHASE1_CONFIG, introspectables=(introspectable,))


def includeme(config: Configurator) -> None:
    config.registry["resource.tree"], config.registry["lineage.statements"] = {}, {}
    config.add_directive("add_resource_node", add_resource_node)
    config.set_root_factory(Root)
    config.add_traverser(StrictTraverser)
