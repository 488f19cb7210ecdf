"""What plugins grant beyond their own nodes: told at start-up and by ``courseplatform plugins``.

A plugin's nodes and permissions are its own affair. Beyond them it can give someone a local role at another's nodes,
open another's permission to programs, say who the bearer of a token is, mount another's class of node beneath its own
ACL, open an address at another's node to everybody, and stand in the way of every request. It does so by directives;
nothing here holds against a plugin that goes around them, which is code in this process like any other.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyramid.registry import Registry

from ..neighbours import plugin_of, readable
from ..rights import permissions_of
from . import nodes

log = logging.getLogger("courseplatform.plugins")

#: What comes with the platform; its grants are the platform's design and are not told at each start.
BUILT_IN = ("courseplatform", "plugins.")


@dataclass(frozen=True)
class Grant:
    plugin: str
    what: str


def grants(registry: Registry) -> list[Grant]:
    """What every plugin but core grants beyond its own nodes."""
    found = [
        Grant(plugin, what)
        for category, tell in TOLD.items()
        for entry in entries(registry, category)
        if (plugin := plugin_of(registry, entry.module)) != "courseplatform" and entry.module
        for what in tell(registry, plugin, entry)
    ]
    return sorted([*found, *opened(registry)], key=lambda grant: (grant.plugin, grant.what))


def log_grants(registry: Registry) -> None:
    for grant in grants(registry):
        if not grant.plugin.startswith(BUILT_IN):
            log.info("%s %s", grant.plugin, grant.what)


def entries(registry: Registry, category: str) -> list[Any]:
    """What directives have claimed. Each has ``module``: whose ``includeme`` it was."""
    return [entry["introspectable"] for entry in registry.introspector.get_category(category) or ()]


def local_role(registry: Registry, plugin: str, entry: Any) -> Iterator[str]:
    node_class, role, expression = entry.discriminator
    if plugin_of(registry, node_class.__module__) != plugin:
        yield f"gives the local role {role} at {readable(node_class)}, by {readable(expression)}"


def scope(registry: Registry, plugin: str, entry: Any) -> Iterator[str]:
    owners = permission_owners(registry)
    declared = [other for other in entries(registry, "scopes") if other.discriminator == ("scope", entry["scope"])]
    is_own = any(plugin_of(registry, other.module) == plugin for other in declared)
    for permission in entry["permissions"]:
        if not is_own or owners.get(permission, {plugin}) != {plugin}:
            yield f"opens the permission {permission} to programs with the scope {entry['scope']}"


def token_prefix(registry: Registry, plugin: str, entry: Any) -> Iterator[str]:
    yield f"says who bears a token that begins with {entry.discriminator[0]}"


def identity_source(registry: Registry, plugin: str, entry: Any) -> Iterator[str]:
    yield "says who the caller of every request is"


def foreign_node(registry: Registry, plugin: str, entry: Any) -> Iterator[str]:
    if plugin_of(registry, entry["factory"].__module__) != plugin:
        yield f"mounts {readable(entry['factory'])} at {readable(entry['parent'])}/{entry['name']}, beneath ACLs there"


def every_request(registry: Registry, plugin: str, entry: Any) -> Iterator[str]:
    if plugin_of(registry, entry.module) in registry["plugins"]:
        yield f"stands in the way of every request, as one of the {entry.category_name}: {entry.title}"


#: Category of the introspector → what an entry of it grants beyond its plugin's nodes.
TOLD = {
    "local role": local_role,
    "scopes": scope,
    "token prefix": token_prefix,
    "identity source": identity_source,
    "resource nodes": foreign_node,
    "tweens": every_request,
    "view derivers": every_request,
}


def permission_owners(registry: Registry) -> dict[str, set[str]]:
    """Permission → the plugins whose enum it is in; where it is in none, those whose services ask for it."""
    in_enums: dict[str, set[str]] = {}
    in_services: dict[str, set[str]] = {}
    for service in registry.cornice_services.values():
        for _, view, arguments in service.definitions:
            permission = arguments.get("permission")
            is_plain = type(permission) is str
            module = view.__module__ if is_plain else type(permission).__module__
            found = in_services if is_plain else in_enums
            found.setdefault(str(permission), set()).add(plugin_of(registry, module))
    return {**in_services, **in_enums}


def opened(registry: Registry) -> Iterator[Grant]:
    """Addresses at another's node that a plugin has opened to everybody."""
    for service in registry.cornice_services.values():
        node_class = nodes.class_at(registry, nodes.place_of(service))
        for _, view, _ in service.definitions[:1]:
            plugin = plugin_of(registry, view.__module__)
            public = sorted(method for method, permission in permissions_of(service).items() if permission is None)
            if node_class and public and plugin_of(registry, node_class.__module__) not in (plugin, "courseplatform"):
                yield Grant(plugin, f"opens {', '.join(public)} {nodes.address(service)} to everybody")
