"""Who calls, which roles they hold along the lineage, and what the ACL says.

One statement reads the caller's identity together with every local role of the lineage, however many plugins add some.
Nothing is trusted from a token but who it names: role and session are read at each request.

An identity may carry scopes: those of a token that its user gave to a program. They narrow what the ACL allows and
never widen it. A plugin says with ``config.add_scope`` which permissions a scope covers; what no scope covers
(sessions, passwords, tokens, roles) stays with those who signed in themselves.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pyramid.authorization import ACLHelper, Authenticated, Everyone
from pyramid.config import PHASE1_CONFIG, Configurator
from pyramid.interfaces import ISecurityPolicy
from pyramid.registry import Registry
from pyramid.request import Request
from sqlalchemy import ColumnElement, Select, Uuid, bindparam, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from zope.interface import implementer

from . import logs
from .db import SAFE_METHODS
from .errors import Forbidden, NotFound
from .resources import Item, Node, items_of
from .restrictions import restriction_on

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


@dataclass
class Scope:
    """What a user can let a program do. ``is_read_only``: by GET, whatever else its permissions would open."""

    name: str
    description: str = ""
    is_read_only: bool = False
    permissions: set[str] = field(default_factory=set)

    def covers(self, permission: str, method: str) -> bool:
        return permission in self.permissions and (method in SAFE_METHODS or not self.is_read_only)


class Refusal:
    """Why ``permits`` said no: falsy, and carrying the status that the caller should see.

    ``scopes``: the user may, but the token has none of these (RFC 6750, 3.1); None if that is not the reason.
    ``node`` and ``by``: where it was decided and by what: Pyramid's ACLDenied, a Restriction, or None where the row is
    missing. ``code``: of the error, where a restriction names one.
    """

    def __init__(
        self, status: int, permission: str, *, node: Any = None, by: Any = None, scopes: list[str] | None = None
    ) -> None:
        self.status, self.permission, self.scopes = status, permission, scopes
        self.node, self.by, self.code = node, by, getattr(by, "code", None)

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<Refusal {self.status} {self.permission}>"


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


@implementer(ISecurityPolicy)
class SecurityPolicy:
    def __init__(self) -> None:
        self.acl = ACLHelper()

    def identity(self, request: Request) -> Any:
        return self.caller(request, getattr(request, "context", None)).identity

    def authenticated_userid(self, request: Request) -> Any:
        identity = self.identity(request)
        return identity and identity.id

    def permits(self, request: Request, context: Any, permission: str) -> Any:
        """Pyramid's Allowed, or a ``Refusal`` that tells hidden (404), unknown (401) and forbidden (403) apart.

        A token whose session has ended is refused also where no token is needed: its bearer believes to be signed in.
        """
        return self.decide(request, context, permission, request.method)

    def decide(self, request: Request, context: Any, permission: str, method: str) -> Any:
        """``permits``, for a request with this method: scopes and restrictions may tell reading and writing apart."""
        caller = self.caller(request, context)
        if caller.claims is not None and caller.identity is None:
            return Refusal(401, permission)
        principals = self.principals(caller, context)
        items = items_of(context) if isinstance(context, Node) else []
        hidden = 404 if caller.identity else 401
        for item in items:
            by = self.hidden_by(request, caller, item, principals, method)
            if by is not True:
                return Refusal(404 if item.is_public else hidden, permission, node=item, by=by)
        is_hidden = any(permission in item.hidden_permissions for item in items)
        status = 401 if caller.identity is None else 404 if is_hidden else 403
        allowed = self.acl.permits(context, principals, permission)
        if not allowed:
            return Refusal(status, permission, node=context, by=allowed)
        lacking = self.lacking_scopes(request, caller, permission, method)
        if lacking is not None:
            return Refusal(403, permission, scopes=lacking)
        restriction = restriction_on(request, caller, context, permission, method)
        if restriction is not None:
            is_told = restriction.code is not None and caller.identity is not None  # what the code says helps them
            return Refusal(403 if is_told else status, permission, node=context, by=restriction)
        return allowed

    def hidden_by(self, request: Request, caller: Caller, item: Item, principals: set[str], method: str) -> Any:
        """True if the caller may see the item; else what hides it, None if its row is missing."""
        if item.row is None:
            return None
        if item.view_permission is None:
            return True
        seen = self.acl.permits(item, principals, item.view_permission)
        return (restriction_on(request, caller, item, item.view_permission, method) or True) if seen else seen

    def lacking_scopes(self, request: Request, caller: Caller, permission: str, method: str) -> list[str] | None:
        """The scopes of which the token would need one for what its user may do, perhaps none; None if it has one."""
        if caller.identity is None or caller.identity.scopes is None:
            return None
        scopes = request.registry["scopes"].values()
        enough = sorted(scope.name for scope in scopes if scope.covers(permission, method))
        return None if caller.identity.scopes.intersection(enough) else enough

    def principals(self, caller: Caller, context: Any) -> set[str]:
        found = {Everyone}
        if caller.identity is not None:
            found |= {Authenticated, f"user:{caller.identity.id}", f"role:{caller.identity.role}"}
            for item in items_of(context) if isinstance(context, Node) else ():
                if item.row is not None:
                    roles = caller.roles.get((type(item), item.row.id), ())
                    found |= {f"{item.kind}:{item.row.id}:{role}" for role in roles}
        return found

    def caller(self, request: Request, context: Any) -> Caller:
        """The caller, with the local roles of this context's lineage. At most one statement per new lineage."""
        caller: Caller = request.caller
        if caller.claims is None or (caller.is_known and caller.identity is None):
            return caller
        items = [
            item
            for item in (items_of(context) if isinstance(context, Node) else ())
            if item.row is not None
            and (type(item), item.row.id) not in caller.roles
            and roles_of(request.registry, type(item))
        ]
        if items or not caller.is_known:
            self.learn(request, caller, items)
        return caller

    def learn(self, request: Request, caller: Caller, items: list[Item]) -> None:
        source = caller.source
        statement, labels = identity_statement(request.registry, source, tuple(type(item) for item in items))
        parameters = dict(caller.claims or {}, **{f"row_{depth}": item.row.id for depth, item in enumerate(items)})
        row = request.db.execute(statement, parameters).one_or_none()
        caller.is_known = True
        caller.identity = row and source.identity(row)
        if caller.identity is not None:
            logs.learn("user.id", caller.identity.id)
        for depth, item in enumerate(items):
            held = (role for label_depth, role, label in labels if label_depth == depth and row and getattr(row, label))
            caller.roles[(type(item), item.row.id)] = frozenset(held)

    def remember(self, request: Request, userid: Any, **kw: Any) -> list[Any]:
        return []

    def forget(self, request: Request, **kw: Any) -> list[Any]:
        return []


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


def require_permission(request: Request, permission: str, node: Item) -> None:
    """Raises: NotFound or Forbidden if the address of ``node`` would refuse the permission; with the same code."""
    allowed = request.has_permission(permission, node)
    if not allowed:
        refusal = NotFound() if allowed.status == 404 else Forbidden()
        refusal.code = allowed.code or refusal.code
        raise refusal


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


def identity_statement(
    registry: Registry, source: Any, classes: tuple[type[Item], ...]
) -> tuple[Select[Any], list[tuple[int, str, str]]]:
    """The source's statement with one boolean column per local role; built once per source and chain of classes."""
    cache = registry["identity.statements"]
    if (source, classes) not in cache:
        statement, labels = source.statement(), []
        user_id = getattr(source, "user_id", None)
        user_id = bindparam("user_id", type_=Uuid()) if user_id is None else user_id
        for depth, cls in enumerate(classes):
            for number, (role, expression) in enumerate(roles_of(registry, cls)):
                label = f"role_{depth}_{number}"
                statement = statement.add_columns(
                    expression(user_id, bindparam(f"row_{depth}", type_=Uuid())).label(label)
                )
                labels.append((depth, role, label))
        cache[source, classes] = statement, labels
    return cache[source, classes]


def holds_role(request: Request, node_class: type[Item], role: str, user_id: Any, row_id: Any) -> ColumnElement[bool]:
    """SQL: whether ``user_id`` holds a local role at a row, by whatever plugins say so. For lists of who does."""
    expressions = [e(user_id, row_id) for name, e in roles_of(request.registry, node_class) if name == role]
    return or_(*expressions) if expressions else false()


def add_local_role(config: Configurator, node_class: Any, role: str, expression: Any) -> None:
    """Say who holds ``role`` at nodes of ``node_class``: ACLs there name it ``{kind}:{row id}:{role}``."""
    node_class, expression = config.maybe_dotted(node_class), config.maybe_dotted(expression)

    def register() -> None:
        config.registry["local.roles"].setdefault(node_class, []).append((role, expression))

    config.action(("local role", node_class, role, expression), register, order=PHASE1_CONFIG)


def set_identity_source(config: Configurator, source: Any) -> None:
    """Name the ``IdentitySource``. There is one; two plugins that set it are a conflict at start-up."""
    source = config.maybe_dotted(source)

    def register() -> None:
        config.registry["identity.source"] = source

    config.action("identity source", register, order=PHASE1_CONFIG)


def add_token_prefix(config: Configurator, prefix: str, source: Any) -> None:
    """Let another ``IdentitySource`` read the bearer tokens that begin with ``prefix``."""
    source = config.maybe_dotted(source)

    def register() -> None:
        config.registry["identity.prefixes"][prefix] = source

    config.action(("token prefix", prefix), register, order=PHASE1_CONFIG)


def add_scope(
    config: Configurator,
    name: str,
    description: str | None = None,
    permissions: Iterable[str] = (),
    is_read_only: bool = False,
) -> None:
    """Declare a scope for tokens of programs: with it they may use ``permissions``, where their user may.

    ``description``: what a user who is asked for consent reads. ``is_read_only``: it opens no writing, not even where
    one of its permissions guards some. Without a description the permissions are added to a neighbour's scope.
    """
    permissions = tuple(map(str, permissions))

    def register() -> None:
        scope = config.registry["scopes"].setdefault(name, Scope(name))
        scope.permissions |= set(permissions)
        if description is not None:
            scope.description, scope.is_read_only = description, is_read_only

    claim = ("scope", name) if description is not None else ("more of a scope", name, permissions)
    introspectable = config.introspectable("scopes", claim, name, "scope")
    introspectable["scope"], introspectable["permissions"] = name, permissions
    config.action(claim, register, order=PHASE1_CONFIG, introspectables=(introspectable,))


def known_scopes(registry: Registry) -> Mapping[str, Scope]:
    """Every scope that a plugin which is on has declared, by name."""
    scopes: Mapping[str, Scope] = registry["scopes"]
    return scopes


def user_principal(user_id: Any) -> str:
    """The ACL principal of one user."""
    return f"user:{user_id}"


def role_principals(kind: str, row_id: Any, roles: Iterable[str]) -> list[str]:
    """The ACL principals of those who hold one of ``roles`` at a row."""
    return [f"{kind}:{row_id}:{role}" for role in roles]


def includeme(config: Configurator) -> None:
    config.registry["local.roles"] = {}
    config.registry["identity.statements"] = {}
    config.registry["identity.prefixes"] = {}
    config.registry["scopes"] = {}
    config.add_directive("add_local_role", add_local_role)
    config.add_directive("set_identity_source", set_identity_source)
    config.add_directive("add_token_prefix", add_token_prefix)
    config.add_directive("add_scope", add_scope)
    config.set_security_policy(SecurityPolicy())
    config.set_default_permission("nobody")
