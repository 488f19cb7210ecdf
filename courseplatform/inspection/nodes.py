"""Which class of node is where, and which services are there."""

import re
from collections.abc import Iterator
from typing import Any

from pyramid.registry import Registry

from .. import resources
from ..resources import Collection, Item, Node, Root

#: A node's place: its segments, ``{}`` for the id of an item.
Place = tuple[str, ...]


def children(registry: Registry, node_class: type[Node]) -> dict[str, type[Node]]:
    """What is mounted beneath nodes of a class: segment → class; ``{}`` for the items of a collection."""
    mounted: dict[str, Any] = {}
    for cls in reversed(node_class.__mro__):
        mounted |= {name: factory for (parent, name), factory in registry["resource.tree"].items() if parent is cls}
    found = {name: factory for name, factory in sorted(mounted.items()) if isinstance(factory, type)}
    if issubclass(node_class, Collection) and hasattr(node_class, "item"):
        found["{}"] = node_class.item
    return found


def walk(
    registry: Registry, node_class: type[Node] = Root, place: Place = (), above: tuple[type[Node], ...] = ()
) -> Iterator[tuple[Place, type[Node]]]:
    """Every place of the tree with its class, parents first. A class beneath itself is not followed further."""
    yield place, node_class
    if node_class not in above:
        for segment, child in children(registry, node_class).items():
            yield from walk(registry, child, (*place, segment), (*above, node_class))


def class_at(registry: Registry, place: Place) -> type[Node] | None:
    """The class of the node at a place; None where a node makes its children as it likes."""
    return resources.class_at(registry, "/".join(place))


def place_of(service: Any) -> Place:
    """Where a service's context is."""
    traverse = re.sub(r"\{[^}]*\}", "{}", getattr(service, "traverse", None) or "")
    return tuple(segment for segment in traverse.split("/") if segment)


def address(service: Any) -> str:
    return str(getattr(service, "public_path", service.path))


def shown(place: Place, registry: Registry) -> str:
    """``/courses/{course}/lessons/``"""
    names = []
    for depth, segment in enumerate(place, 1):
        node_class = class_at(registry, place[:depth]) if segment == "{}" else None
        kind = node_class.kind if node_class and issubclass(node_class, Item) else ""
        names.append(f"{{{kind}}}" if segment == "{}" else segment)
    return "/" + "".join(f"{name}/" for name in names)
