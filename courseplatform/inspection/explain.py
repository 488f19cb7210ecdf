"""Why one request is let in or refused, and by which line of which node's ACL.

The path is resolved by the real routes and the real traverser with the real database, and the real policy decides. No
view runs, and PostgreSQL itself sees to it that nothing is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pyramid.authorization import ALL_PERMISSIONS
from pyramid.exceptions import PredicateMismatch
from pyramid.interfaces import (
    IMultiView,
    IRootFactory,
    IRouteRequest,
    IRoutesMapper,
    ITraverser,
    IView,
    IViewClassifier,
)
from pyramid.location import lineage
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.security import NO_PERMISSION_REQUIRED
from sqlalchemy import literal, select, text
from zope.interface import providedBy

from ..callers import Caller, roles_of
from ..db import script_request
from ..neighbours import plugin_of, readable
from ..resources import Item, Node, items_of
from ..restrictions import Restriction
from ..rights import Line, allowing, lines
from ..security import Refusal
from .grants import entries

STATUSES = {401: "401, sign in first", 403: "403, forbidden", 404: "404, as if there were nothing"}


@dataclass
class Explanation:
    """``status``: of the refusal; None if the request is let in, to be answered by its view."""

    status: int | None = None
    lines: list[str] = field(default_factory=list)

    def tell(self, *lines: str) -> None:
        self.lines += lines

    def end(self, status: int | None, sentence: str) -> "Explanation":
        self.status = status
        self.tell("", sentence)
        return self


def explain(registry: Registry, method: str, path: str, username: str | None) -> Explanation:
    """``username`` None: an anonymous caller. Raises: LookupError if there is no active user of that name."""
    method, path = method.upper(), path.partition("?")[0]
    told = Explanation(lines=[f"{method} {path} as {username or 'anonymous'}"])
    with script_request(registry) as request:
        request.db.execute(text("SET TRANSACTION READ ONLY"))
        request.caller = caller_named(request, username)
        request.path_info = path
        matched = registry.getUtility(IRoutesMapper)(request)
        route = matched["route"]
        if route is None:
            return told.end(404, no_route(registry, request))
        request.matchdict, request.matched_route = matched["match"], route
        context, left = traverse(request)
        request.context = context
        told.tell("", "Nodes, from the root:", *map(about_node, reversed(list(lineage(context)))))
        if left:
            return told.end(404, f"404: there is no node {left!r} there, for nobody.")
        request.method = method
        return decide(told, request, context)


def caller_named(request: Request, username: str | None) -> Caller:
    source = request.registry.get("identity.source")
    if username is None:
        return Caller(source, None)
    by_name = getattr(source, "by_name", None)
    if by_name is None:
        raise LookupError("The plugin that says who calls can't look users up by name.")
    caller = request.caller = Caller(by_name, {"username": username})
    if request.identity is None:
        raise LookupError(f"There is no active user {username!r}.")
    return caller


def no_route(registry: Registry, request: Request) -> str:
    routes = registry.getUtility(IRoutesMapper).get_routes()
    if not request.path_info.endswith("/") and any(r.match(request.path_info + "/") is not None for r in routes):
        return "308: the address ends with a slash."
    return "404: no service has this address. 'courseplatform tree' lists all."


def traverse(request: Request) -> tuple[Any, str]:
    """The context as a GET finds it, which locks no row; and the first segment that led nowhere."""
    factory = request.matched_route.factory or request.registry.getUtility(IRootFactory)
    root = factory(request)
    found = request.registry.getAdapter(root, ITraverser)(request)
    return found["context"], found["view_name"]


def decide(told: Explanation, request: Request, context: Any) -> Explanation:
    services = {service.name: service for service in request.registry.cornice_services.values()}
    service = services.get(request.matched_route.name)
    if service is not None and request.method not in service.defined_methods:
        return told.end(405, f"405: this address knows {', '.join(service.defined_methods)} only.")
    view = view_of(request, context)
    if view is None:
        return told.end(404, f"404: this address has no view for {request.method}.")
    permission = getattr(view, "__permission__", None)
    if permission in (None, NO_PERMISSION_REQUIRED):
        return told.end(None, "Let in: this view is open to everybody, and no ACL is asked.")
    decision = request.has_permission(permission, context)
    told.tell("", "The caller's principals:", *principals(request, context))
    told.tell("", f"Required: {permission}, at {path_of(context)}", *restrictions(request, context, str(permission)))
    return told.end(getattr(decision, "status", None), "\n".join(verdict(request, decision)))


def view_of(request: Request, context: Any) -> Any:
    """The view that the router would call, by the same predicates; None if there is none."""
    adapters, name = request.registry.adapters, request.matched_route.name
    interface = request.registry.getUtility(IRouteRequest, name=name)
    view = adapters.lookup((IViewClassifier, interface, providedBy(context)), IView, name="")
    try:
        if IMultiView.providedBy(view):
            return view.match(context, request)
    except PredicateMismatch:
        return None
    is_fitting = getattr(view, "__predicated__", None)
    return view if is_fitting is None or is_fitting(context, request) else None


def about_node(node: Any) -> str:
    row = ""
    if isinstance(node, Item):
        row = "  row found" if node.row is not None else "  row MISSING, or it hangs beneath another parent"
    return f"  {path_of(node)}  {readable(type(node))}{row}"


def path_of(node: Any) -> str:
    names = [n.__name__ for n in reversed(list(lineage(node))) if n.__name__]
    return "/" + "".join(f"{name}/" for name in names)


def principals(request: Request, context: Any) -> Iterator[str]:
    yield "  system.Everyone  everybody"
    identity = request.identity
    if identity is None:
        return
    yield "  system.Authenticated  whoever is signed in"
    yield f"  user:{identity.id}  the account"
    yield f"  role:{identity.role}  the account's role"
    givers = {entry.discriminator: entry.module for entry in entries(request.registry, "local role")}
    for item in items_of(context) if isinstance(context, Node) else ():
        for role, expression in roles_of(request.registry, type(item)) if item.row is not None else ():
            if request.db.scalar(select(expression(literal(identity.id), literal(item.row.id)))):
                module = next((m for (_, r, e), m in givers.items() if (r, e) == (role, expression)), "")
                giver = plugin_of(request.registry, module)
                yield f"  {item.kind}:{item.row.id}:{role}  by {giver}, {readable(expression)}"


def restrictions(request: Request, context: Any, permission: str) -> Iterator[str]:
    """Those that may apply to what is asked for, or to seeing the nodes on the way."""
    asked = {item.view_permission for item in items_of(context) if isinstance(context, Node)} | {permission}
    for entry in entries(request.registry, "restrictions"):
        restriction = entry["restriction"]
        is_on_the_way = any(isinstance(node, restriction.node_class) for node in lineage(context))
        if is_on_the_way and asked.intersection(restriction.permissions):
            yield f"  restricted by {plugin_of(request.registry, entry.module)}: {restriction}"


def verdict(request: Request, decision: Any) -> Iterator[str]:
    """Who decided, and what the caller is told."""
    if not isinstance(decision, Refusal):
        yield f"Let in by {ace_of(decision)}"
        yield "The view may still refuse: what is sent, or the state of things."
        yield scopes_note(request, decision.permission)
        return
    answer = STATUSES[decision.status]
    if decision.by is None:
        yield f"{answer}: {path_of(decision.node)} has no row."
        return
    if isinstance(decision.by, Restriction):
        code = f" ({decision.code})" if decision.code else ""
        yield f"{answer}{code}: taken away at {path_of(decision.node)}: {decision.by}"
        return
    asked = decision.by.permission
    purpose = f", without which {path_of(decision.node)} is hidden" if asked != decision.permission else ""
    yield f"{answer}: {ace_of(decision.by)}, asked for {asked}{purpose}"
    yield from (f"  it would be allowed by {told_of(line)}" for line in allowing(decision.node, asked))


def ace_of(decision: Any) -> str:
    """The line of an ACL that decided, and whose."""
    if isinstance(decision.ace, str):
        return "no line of any ACL from there up to the root"
    action, principal, _ = decision.ace
    decided = (line for line in lines(decision.context) if decision.permission in line.permissions)
    return told_of(next(line for line in decided if (line.action, line.principal) == (action, principal)))


def told_of(line: Line) -> str:
    names = "all permissions" if line.permissions is ALL_PERMISSIONS else ", ".join(map(str, line.permissions))
    place = f"line {line.number} of {readable(type(line.node))} at {path_of(line.node)}"
    return f"{line.action} {line.principal} {names}: {place}"


def scopes_note(request: Request, permission: str) -> str:
    scopes = sorted(s.name for s in request.registry["scopes"].values() if s.covers(permission, request.method))
    return f"A program with this user's token needs one of these scopes: {', '.join(scopes) or 'there is none'}."
