"""What the ACL says to who calls, with the roles that they hold along the lineage (see ``callers``).

An identity may carry scopes: those of a token that its user gave to a program. They narrow what the ACL allows and
never widen it. A plugin says with ``config.add_scope`` which permissions a scope covers; what no scope covers
(sessions, passwords, tokens, roles) stays with those who signed in themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyramid.authorization import ACLHelper, Authenticated, Everyone
from pyramid.config import PHASE1_CONFIG, Configurator
from pyramid.interfaces import ISecurityPolicy
from pyramid.registry import Registry
from pyramid.request import Request
from zope.interface import implementer

from .callers import Caller, learn
from .db import SAFE_METHODS
from .errors import Forbidden, NotFound
from .resources import Item, Node, items_of
from .restrictions import restriction_on


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
        by: Any = None
        for item in items:
            is_seen, by = self.look(request, caller, item, principals, method)
            if not is_seen:
                return Refusal(404 if item.is_public else hidden, permission, node=item, by=by)
        is_decided = bool(items) and items[-1] is context and permission == items[-1].view_permission
        is_hidden = any(permission in item.hidden_permissions for item in items)
        status = 401 if caller.identity is None else 404 if is_hidden else 403
        allowed = by if is_decided else self.acl.permits(context, principals, permission)
        if not allowed:
            return Refusal(status, permission, node=context, by=allowed)
        lacking = self.lacking_scopes(request, caller, permission, method)
        if lacking is not None:
            return Refusal(403, permission, scopes=lacking)
        restriction = None if is_decided else restriction_on(request, caller, context, permission, method)
        if restriction is not None:
            is_told = restriction.code is not None and caller.identity is not None  # what the code says helps them
            return Refusal(403 if is_told else status, permission, node=context, by=restriction)
        return allowed

    def look(self, request: Request, caller: Caller, item: Item, principals: set[str], method: str) -> tuple[bool, Any]:
        """Whether the caller may see the item, and by what; else what hides it, None if its row is missing."""
        if item.row is None:
            return False, None
        if item.view_permission is None:
            return True, None
        seen = self.acl.permits(item, principals, item.view_permission)
        if not seen:
            return False, seen
        restriction = restriction_on(request, caller, item, item.view_permission, method)
        return restriction is None, restriction or seen

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
                    row_id = item.row.id
                    found.update(role_principals(item.kind, row_id, caller.roles.get((type(item), row_id), ())))
        return found

    def caller(self, request: Request, context: Any) -> Caller:
        """The caller, with the local roles of this context's lineage. At most one statement per new lineage."""
        caller: Caller = request.caller
        if caller.claims is None or (caller.is_known and caller.identity is None):
            return caller
        learn(request, caller, items_of(context) if isinstance(context, Node) else [])
        return caller

    def remember(self, request: Request, userid: Any, **kw: Any) -> list[Any]:
        return []

    def forget(self, request: Request, **kw: Any) -> list[Any]:
        return []


def require_permission(request: Request, permission: str, node: Item) -> None:
    """Raises: NotFound or Forbidden if the address of ``node`` would refuse the permission; with the same code."""
    allowed = request.has_permission(permission, node)
    if not allowed:
        refusal = NotFound() if allowed.status == 404 else Forbidden()
        refusal.code = allowed.code or refusal.code
        raise refusal


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
    row = f"{kind}:{row_id}"
    return [f"{row}:{role}" for role in roles]


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
