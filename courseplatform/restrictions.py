"""Restrictions: what a plugin takes away at another's nodes, whatever their ACLs grant. None ever grants anything.

    config.add_restriction("plugins.lessons.resources.LessonItem", "lesson:view", ("cohort", "teacher"))

denies that permission at those nodes to whoever holds none of the local roles at the node or above it. Where it is the
node's ``view_permission``, the node and all beneath it are hidden (404), as by an ACL. A list is made by its own
statement: a row that its node denies is left out of lists only by whoever writes them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pyramid.config import PHASE1_CONFIG, Configurator
from pyramid.request import Request

from .neighbours import readable
from .resources import Node, items_of


@dataclass(frozen=True)
class Restriction:
    """``add_restriction`` says what the fields mean."""

    node_class: type[Node]
    permissions: tuple[str, ...]
    roles: tuple[str, ...]
    allows: Callable[[Request], bool] | None
    methods: tuple[str, ...]
    code: str | None
    spares_admins: bool

    def denies(self, request: Request, caller: Any, node: Any, method: str) -> bool:
        """Whether it takes its permissions from this caller at ``node``, for requests with this method."""
        if not isinstance(node, self.node_class) or (self.methods and method not in self.methods):
            return False
        if self.spares_admins and caller.identity is not None and caller.identity.role == "admin":
            return False
        if self.allows is not None:
            return not self.allows(request)
        held = (caller.roles.get((type(item), item.row.id), ()) for item in items_of(node) if item.row is not None)
        return not any(role in roles for roles in held for role in self.roles)

    def concerns(self, node_class: type[Any] | None, method: str) -> bool:
        """Whether it is about requests with this method at nodes of this class."""
        return (
            node_class is not None and issubclass(node_class, self.node_class) and method in (self.methods or (method,))
        )

    def in_public(self) -> str:
        """What clients are told of it: roles and the code, but neither classes nor functions."""
        roles = [role.replace("_", " ") for role in self.roles] + (["admin"] if self.spares_admins else [])
        limits = f"only for {' or '.join(roles)}" if self.roles else "not for everybody"
        return f"{limits}: else 403 {self.code}" if self.code else limits

    def __str__(self) -> str:
        condition = f"who hold {' or '.join(self.roles)}" if self.roles else f"whom {readable(self.allows)} allows"
        methods = f" by {', '.join(self.methods)}" if self.methods else ""
        return f"{', '.join(self.permissions)} at {self.node_class.__name__}{methods} only for those {condition}"


def restriction_on(request: Request, caller: Any, node: Any, permission: str, method: str) -> Restriction | None:
    """The first restriction that denies a permission to the caller at this node, for requests with this method."""
    found = request.registry["restrictions"].get(permission, ())
    return next((restriction for restriction in found if restriction.denies(request, caller, node, method)), None)


def add_restriction(
    config: Configurator,
    node_class: Any,
    permissions: str | Iterable[str],
    role: str | Iterable[str] = (),
    *,
    allows: Callable[[Request], bool] | None = None,
    methods: Iterable[str] = (),
    code: str | None = None,
    spares_admins: bool = True,
) -> None:
    """Deny ``permissions`` at nodes of ``node_class``, one's own or foreign, to who holds no such local role there.

    ``role``: one or several, held at the node or at an item above it. ``allows(request)``: asked instead, where it is
    no role that decides; it sends no statement. ``methods``: of requests that are refused; all unless given. ``code``:
    of the refusal, which is then a 403 instead of the usual answer. ``spares_admins``: administrators may all the same.
    """
    node_class = config.maybe_dotted(node_class)
    roles, names = texts(role), texts(permissions)
    if not roles and allows is None:
        raise TypeError("add_restriction: name a role or give allows=")
    restriction = Restriction(
        node_class, names, roles, config.maybe_dotted(allows), tuple(methods), code, spares_admins
    )
    introspectable = config.introspectable("restrictions", restriction, str(restriction), "restriction")
    introspectable["restriction"] = restriction

    def register() -> None:
        for permission in names:
            config.registry["restrictions"].setdefault(permission, []).append(restriction)

    config.action(
        ("restriction", config.package_name, restriction),
        register,
        order=PHASE1_CONFIG,
        introspectables=(introspectable,),
    )


def texts(given: str | Iterable[str]) -> tuple[str, ...]:
    return (str(given),) if isinstance(given, str) else tuple(map(str, given))


def includeme(config: Configurator) -> None:
    config.registry["restrictions"] = {}
    config.add_directive("add_restriction", add_restriction)
