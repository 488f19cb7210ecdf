"""The resource tree: each node with its class and plugin, and each service there with the permission of its methods."""

from collections.abc import Iterator
from typing import Any

from pyramid.registry import Registry

from ..neighbours import plugin_of
from ..resources import Item, Node
from ..rights import permissions_of
from .grants import entries
from .nodes import Place, address, place_of, shown, walk


def tree_lines(registry: Registry) -> Iterator[str]:
    """The tree as indented lines."""
    places = dict(walk(registry))
    services: dict[Place, list[Any]] = {}
    for service in sorted(registry.cornice_services.values(), key=address):
        place = place_of(service)
        while place not in places:  # the node there makes its children as it likes
            place = place[:-1]
        services.setdefault(place, []).append(service)
    for place, node_class in places.items():
        indent = "  " * len(place)
        yield f"{indent}{shown(place, registry)}  {node_class.__name__} ({plugin_of(registry, node_class.__module__)})"
        for line in (*about(registry, node_class), *served(registry, node_class, services.get(place, []))):
            yield f"{indent}    {line}"


def about(registry: Registry, node_class: type[Node]) -> Iterator[str]:
    if issubclass(node_class, Item) and node_class.view_permission:
        yield f"seen by those with {node_class.view_permission}"
    for entry in entries(registry, "local role"):
        if issubclass(node_class, entry.discriminator[0]):
            yield f"local role {entry.discriminator[1]} by {plugin_of(registry, entry.module)}"
    for entry in entries(registry, "restrictions"):
        if issubclass(node_class, entry["restriction"].node_class):
            yield f"restricted by {plugin_of(registry, entry.module)}: {entry['restriction']}"


def served(registry: Registry, node_class: type[Node], services: list[Any]) -> Iterator[str]:
    for service in services:
        plugin = plugin_of(registry, service.definitions[0][1].__module__) if service.definitions else ""
        by = "" if plugin == plugin_of(registry, node_class.__module__) else f"  ({plugin})"
        for method, permission in sorted(permissions_of(service).items()):
            yield f"{method:6} {address(service)}  {permission or 'everybody'}{by}"
