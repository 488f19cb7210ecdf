"""Why a caller may or may not, in public words: for a 403, ``?explain=permissions`` and ``courseplatform explain``.

The ACLs of a lineage are read once more, in the order in which the policy reads them. All that is told is of the node
and of roles, never of a person; what is hidden from a caller is not explained. No statement is sent.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cornice.util import current_service
from pyramid.authorization import ALL_PERMISSIONS, Allow, Authenticated, Everyone
from pyramid.interfaces import ISecurityPolicy
from pyramid.location import lineage
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.security import NO_PERMISSION_REQUIRED

from .resources import Item, Node, mounted
from .restrictions import Restriction

ADMIN = "admin"
#: What decides where it is no role.
RESTRICTION, SCOPES = "restriction", "scopes"
#: The name of one in a service's path.
PARAMETER = re.compile(r"\{([^}]*)\}")


class Line(NamedTuple):
    """``number``: from 1, in the ACL of ``node``."""

    action: str
    principal: str
    permissions: tuple[str, ...]
    node: Any
    number: int


def lines(node: Any) -> Iterator[Line]:
    """Every line of the ACLs that are asked at a node, in their order. All permissions: ``ALL_PERMISSIONS``."""
    for above in lineage(node):
        acl = getattr(above, "__acl__", ())
        for number, (action, principal, names) in enumerate(acl() if callable(acl) else acl, 1):
            yield Line(action, principal, (names,) if isinstance(names, str) else names, above, number)


def allowing(node: Any, permission: str) -> Iterator[Line]:
    """The lines that let their principal in, unless a nearer one has shut them, or everybody, out."""
    denied = set()
    for line in lines(node):
        if permission not in line.permissions:
            continue
        if line.action == Allow:
            if line.principal not in denied:
                yield line
        elif line.principal in (Everyone, Authenticated):
            return
        else:
            denied.add(line.principal)


def word_of(principal: str, node: Any) -> str | None:
    """A principal in an ACL of a node, in public words; None for one that no caller ever has."""
    if principal in (Everyone, Authenticated):
        return "anyone" if principal == Everyone else "anyone signed in"
    kind, _, rest = principal.partition(":")
    if kind == "role":
        return rest
    if kind == "user":
        of = next((above.kind for above in lineage(node) if isinstance(above, Item)), "user")
        return readable("the user" if of == "user" else f"the {of}'s user")
    return readable(f"{kind} {rest.rpartition(':')[2]}") if ":" in rest else None


def readable(name: str) -> str:
    return name.replace("_", " ")


def words_of(found: Iterable[Line]) -> list[str]:
    return list(dict.fromkeys(word for line in found if (word := word_of(line.principal, line.node))))


def reason(decision: Any) -> dict[str, Any]:
    """A decision of the policy: ``allowed``; ``decided_by`` whom or what; ``missing``: roles of which it takes one.

    ``scopes``: what a program's token would need. ``code``: of the error, where a restriction names one.
    """
    if decision:
        return {"allowed": True, "decided_by": word_of(decision.ace[1], decision.context)}
    if decision.status == 404 or (decision.by is None and decision.scopes is None):
        return {"allowed": False}
    if decision.scopes is not None:
        return {"allowed": False, "decided_by": SCOPES, "scopes": decision.scopes}
    could = words_of(allowing(decision.node, decision.permission))
    if isinstance(decision.by, Restriction):
        spared = [ADMIN] if decision.by.spares_admins and ADMIN in could else []
        missing = [*map(readable, decision.by.roles), *spared] if decision.by.roles else spared
        code = {"code": decision.code} if decision.code else {}
        return {"allowed": False, "decided_by": RESTRICTION, "missing": missing, **code}
    ace = decision.by.ace
    is_by_role = not isinstance(ace, str) and ace[1] != Everyone  # a text: no line spoke of the caller
    denied_to = word_of(ace[1], decision.by.context) if is_by_role else None
    return {"allowed": False, "decided_by": denied_to, "missing": could}


def refusal_members(refusal: Any) -> dict[str, Any]:
    """What a 403 ``forbidden`` tells besides."""
    told = reason(refusal)
    missing, by = told.get("missing", []), told.get("decided_by")
    rule = {"permission": str(refusal.permission), "address": address_of(refusal.node), "decided_by": by}
    denied_to = by if by != RESTRICTION else None
    return {"rule": rule, "missing": missing, "remedy": remedy_of(missing, denied_to)}


def remedy_of(missing: list[str], denied_to: str | None = None) -> str:
    """What helps whoever lacks these roles, in a sentence. ``denied_to``: what they are, and therefore may not."""
    if not missing:
        return "Nobody may do this here."
    roles = " or ".join(missing)
    if denied_to:
        return f"This is for: {roles}; and never for: {denied_to}. Ask one who may."
    return f"This is for: {roles}. Ask one who may, or to be made one."


def address_of(node: Any) -> str:
    names = [name for above in lineage(node) if (name := getattr(above, "__name__", None))]
    return "/".join(["/api", *reversed(names), ""])


def rights(request: Request) -> dict[str, Any]:
    """What the caller may at this node: ``permissions`` by name; ``methods``, of its addresses and of those beneath it
    whose path is known.
    """
    context, methods, guarded = request.context, dict[str, bool](), dict[str, set[str]]()
    for service, node, address in services_at(request):
        for method, permission in permissions_of(service).items():
            methods[f"{method} {address}"] = permission is None or bool(decide(request, node, permission, method))
            if node is context and permission is not None:
                guarded.setdefault(permission, set()).add(method)
    plain = (line.permissions for line in lines(context) if line.permissions is not ALL_PERMISSIONS)
    named = {str(name) for names in plain for name in names}
    permissions, elsewhere = {}, guarded_anywhere(request.registry) if named - set(guarded) else {}
    for name in sorted(named | set(guarded)):
        # One that guards several methods here is allowed if all are; one that guards none, if those are that it guards
        # elsewhere, or else a write: a scope or a restriction may be for some methods only.
        asked = guarded.get(name) or elsewhere.get(name) or {"POST"}
        decisions = [decide(request, context, name, method) for method in sorted(asked)]
        permissions[name] = reason(next((one for one in decisions if not one), decisions[0]))
    return {"permissions": permissions, "methods": dict(sorted(methods.items()))}


def decide(request: Request, node: Node, permission: str, method: str) -> Any:
    return request.registry.getUtility(ISecurityPolicy).decide(request, node, permission, method)


def services_at(request: Request) -> Iterator[tuple[Any, Node, str]]:
    """The services at this node and beneath it, down to the next id: each with its node and its address here."""
    traverse = current_service(request).traverse
    place, names = PARAMETER.sub("{}", traverse).rstrip("/"), PARAMETER.findall(traverse)
    for service in request.registry.cornice_services.values():
        path = getattr(service, "public_path", "")
        its_place = PARAMETER.sub("{}", getattr(service, "traverse", None) or "").rstrip("/")
        rest = its_place.removeprefix(place)
        if not path or f"{place}/" != f"{its_place}/"[: len(place) + 1] or path.count("{") != len(names):
            continue
        node = beneath(request.context, [segment for segment in rest.split("/") if segment])
        if node is not None:
            values = iter(names)
            yield service, node, PARAMETER.sub(lambda _: str(request.matchdict[next(values)]), path)  # noqa: B023


def guarded_anywhere(registry: Registry) -> dict[str, set[str]]:
    """Permission → the methods that it guards, at whatever address."""
    found: dict[str, set[str]] = {}
    for service in registry.cornice_services.values():
        for method, permission in permissions_of(service).items():
            if permission is not None:
                found.setdefault(permission, set()).add(method)
    return found


def beneath(node: Node, segments: list[str]) -> Node | None:
    """The node there; None if there is none, or an item: its row would have to be read."""
    for segment in segments:
        factory = mounted(node.request.registry, type(node), segment)
        if factory is None or (isinstance(factory, type) and issubclass(factory, Item)):
            return None
        node = node[segment]
    return node


def permissions_of(service: Any) -> dict[str, str | None]:
    """Method → its permission, None if it is open to everybody."""
    return {
        method: None if arguments["permission"] == NO_PERMISSION_REQUIRED else str(arguments["permission"])
        for method, _, arguments in service.definitions
        if method not in ("HEAD", "OPTIONS") and arguments.get("permission")
    }
