"""Who calls, and which roles they hold at the rows of an address.

One statement reads the caller's identity together with every local role of the lineage, however many plugins add some;
for who only reads, it brings the rows of the lineage too. Nothing is trusted from a token but who it names: role and
session are read at each request.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from pyramid.registry import Registry
from pyramid.request import Request
from sqlalchemy import ColumnElement, Select, Uuid, and_, bindparam, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from . import logs
from .entities import columns_of, make_entities
from .ready import Ready
from .resources import Item, hangs_beneath, is_unread

#: ``expression(user_id, row_id)``: a boolean SQL expression, usually an EXISTS.
RoleExpression = Callable[[Any, Any], ColumnElement[bool]]


class IdentitySource(Protocol):
    """How the plugin that owns accounts tells core who calls.

    ``user_id``, if a source has it, is the caller's id as SQL within ``statement``; else it is the claim of that name.
    (A literal column: a role's EXISTS would take a table's column for its own.)
    ``by_name``, if it has it, is the source of whom a claim ``username`` names, for ``courseplatform explain``.
    """

    def claims(self, request: Request) -> dict[str, Any] | None:
        """Parameters of ``statement``, ``user_id`` among them; None without credentials. Raises: Unauthenticated."""

    def statement(self) -> Select[Any]:
        """One row if the session lives and its user is active, else none."""

    def identity(self, row: Any) -> Any:
        """An object with ``id``, ``role`` and ``scopes``, made from that row. ``scopes`` None: not narrowed."""


class Caller:
    """The identity behind one request and the local roles learnt so far. ``claims``: None without credentials."""

    def __init__(self, source: Any, claims: dict[str, Any] | None) -> None:
        self.source, self.claims = source, claims
        self.is_known = False
        self.identity: Any = None
        self.roles: dict[tuple[type[Item], Any], frozenset[str]] = {}


def caller_of(request: Request) -> Caller:
    """Whoever the request's credentials name. Raises: Unauthenticated."""
    source = identity_source(request)
    return Caller(source, source.claims(request) if source else None)


class Question(NamedTuple):
    """``row``: what a source makes an identity of. ``roles``: the number of an item, a role, and the column that tells.

    ``rows_from``: the first column of the items' rows.
    """

    ready: Ready
    row: Any
    roles: list[tuple[int, str, int]]
    rows_from: int


def learn(request: Request, caller: Caller, items: list[Item]) -> None:
    """Who it is and what they are at these items, as far as that is not known yet. At most one statement a lineage."""
    unread = [item for item in items if is_unread(item)]
    if unread and not caller.is_known:
        ask(request, caller, unread, reads_rows=True)
        if caller.identity is None:
            return
    lacking = [
        item
        for item in items
        if item.row is not None
        and (type(item), item.row.id) not in caller.roles
        and roles_of(request.registry, type(item))
    ]
    if lacking or not caller.is_known:
        ask(request, caller, lacking, reads_rows=False)


def ask(request: Request, caller: Caller, items: list[Item], *, reads_rows: bool) -> None:
    source, classes = caller.source, tuple(type(item) for item in items)
    question = question_of(request.registry, source, classes, reads_rows)
    ids = {f"row_{number}": item.id if reads_rows else item.row.id for number, item in enumerate(items)}
    found = question.ready.first(request.db, {**(caller.claims or {}), **ids})
    caller.is_known = True
    if found is None:
        return
    caller.identity = source.identity(question.row(*found[: len(question.row._fields)]))
    logs.learn("user.id", caller.identity.id)
    if reads_rows:
        rows = make_entities(request.db, (item.model for item in items), found[question.rows_from :])
        for item, row in zip(items, rows, strict=True):
            item.row = row
    for number, item in enumerate(items):
        if item.row is not None:
            held = (role for of, role, place in question.roles if of == number and found[place])
            caller.roles[type(item), item.row.id] = frozenset(held)


def question_of(registry: Registry, source: Any, classes: tuple[type[Item], ...], reads_rows: bool) -> Question:
    """The source's statement with one boolean column per local role; built once per source and chain of classes.

    ``reads_rows``: with the rows of that chain, as ``resources.load_rows`` reads them.
    """
    known: dict[Any, Question] = registry["identity.statements"]
    key = source, classes, reads_rows
    if key not in known:
        statement, roles = source.statement(), []
        user_id = getattr(source, "user_id", None)
        user_id = bindparam("user_id", type_=Uuid()) if user_id is None else user_id
        ids = [bindparam(f"row_{number}", type_=Uuid()) for number in range(len(classes))]
        names = [column["name"] for column in statement.column_descriptions]
        count = len(names)
        for number, cls in enumerate(classes):
            for role, expression in roles_of(registry, cls):
                statement = statement.add_columns(expression(user_id, ids[number]).label(f"role_{count}"))
                roles.append((number, role, count))
                count += 1
        if reads_rows:
            # Under names of their own: a role's EXISTS would take a table of the same name for its own.
            rows = [aliased(cls.model, name=f"row_{number}") for number, cls in enumerate(classes)]
            above: Any = statement.get_final_froms()[0]
            for number, row in enumerate(rows):
                is_own = row.id == ids[number]
                if number:
                    is_own = and_(is_own, hangs_beneath(classes, rows, number))
                statement, above = statement.outerjoin_from(above, row, is_own), row
            statement = statement.add_columns(*(column for row in rows for column in columns_of(row)))
        ready = Ready(statement, registry["db.engine"].dialect)
        known[key] = Question(ready, namedtuple("SourceRow", names), roles, count)
    return known[key]


def learn_roles(request: Request, nodes: Sequence[Item]) -> None:
    """Ask for the caller's local roles at many nodes of one class, whose rows are there, in one statement.

    For a view that writes many rows: ``require_permission`` of each of them costs none then.
    """
    caller: Caller = request.caller
    known = roles_of(request.registry, type(nodes[0])) if nodes else []
    if caller.identity is None or not known:
        return
    ids = func.unnest(literal([node.row.id for node in nodes], ARRAY(Uuid()))).table_valued("id").render_derived()
    held = [expression(literal(caller.identity.id, Uuid()), ids.c.id) for _, expression in known]
    for row_id, *answers in request.db.execute(select(ids.c.id, *held)):
        roles = (role for (role, _), is_held in zip(known, answers, strict=True) if is_held)
        caller.roles[type(nodes[0]), row_id] = frozenset(roles)


def roles_of(registry: Registry, node_class: type[Item]) -> list[tuple[str, RoleExpression]]:
    """Every (role, expression) that plugins added to this class of node or to one it derives from."""
    return [pair for cls in node_class.__mro__ for pair in registry["local.roles"].get(cls, ())]


def identity_source(request: Request) -> Any:
    """Whoever reads this request's bearer token: the source of its prefix, else the accounts' own."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        for prefix, source in request.registry["identity.prefixes"].items():
            if token.strip().startswith(prefix):
                return source
    return request.registry.get("identity.source")


def holds_role(request: Request, node_class: type[Item], role: str, user_id: Any, row_id: Any) -> ColumnElement[bool]:
    """SQL: whether ``user_id`` holds a local role at a row, by whatever plugins say so. For lists of who does."""
    expressions = [e(user_id, row_id) for name, e in roles_of(request.registry, node_class) if name == role]
    return or_(*expressions) if expressions else false()
