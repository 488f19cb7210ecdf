"""What has to fit together once every plugin is there; what doesn't ends the start, not one request."""

from typing import Any

from pyramid.interfaces import IDefaultPermission
from pyramid.registry import Registry

from .answers import Page
from .inspection.grants import entries
from .inspection.nodes import address, children, place_of
from .neighbours import plugin_of, readable
from .resources import Collection, Node, Root, mounted
from .service import Service
from .startup import StartupError, place_of_view
from .startup import place_of as line_of
from .validation import validator_of


def check(registry: Registry) -> None:
    """Raises: StartupError."""
    check_views(registry)
    check_nodes(registry)
    check_services(registry)


def check_views(registry: Registry) -> None:
    """Raises: StartupError naming every view whose author forgot the permission. (It would be closed to all.)"""
    views = entries(registry, "views")
    closed = registry.getUtility(IDefaultPermission)
    forgotten = [
        f"  {plugin_of(registry, view.module)}, at\n{place_of_view(view)}"
        for view in views
        if getattr(view.get("derived_callable"), "__permission__", None) == closed
    ]
    if forgotten:
        lines = "\n".join(dict.fromkeys(forgotten))
        raise StartupError(f"Views without a permission (NO_PERMISSION_REQUIRED opens one to everybody):\n{lines}")


def check_nodes(registry: Registry) -> None:
    """Raises: StartupError if a plugin hides another's node by mounting one on a class derived from its parent's."""
    nodes = entries(registry, "resource nodes")
    for above in nodes:
        for node in nodes:
            is_below = node["parent"] is not above["parent"] and issubclass(node["parent"], above["parent"])
            is_hidden = is_below and node["name"] == above["name"]
            if is_hidden and plugin_of(registry, node.module) != plugin_of(registry, above.module):
                raise StartupError(
                    f"Claimed more than once: resource node {readable(node['parent'])} {node['name']}\n"
                    + "\n".join(
                        f"  {plugin_of(registry, n.module)}, at\n{line_of(n.action_info)}" for n in (above, node)
                    )
                )


def check_services(registry: Registry) -> None:
    """Raises: StartupError for an address that no node carries (it would be 404), or that answers what has no JSON."""
    for service in registry.cornice_services.values():
        if isinstance(service, Service) and (
            fault := missing_node(registry, service) or missing_json(registry, service)
        ):
            name = plugin_of(registry, service.definitions[0][1].__module__) if service.definitions else ""
            raise StartupError(f"{address(service)} of the plugin {name} {fault}.\n{line_of(service.declared_at)}")


def missing_node(registry: Registry, service: Service) -> str:
    """Where the path of a service leaves the tree; "" if it doesn't, or a class makes its children as it likes."""
    found: type[Node] = Root
    for segment in place_of(service):
        if found.__getitem__ not in (Node.__getitem__, Collection.__getitem__):
            return ""
        below = children(registry, found)
        if segment not in below:
            if mounted(registry, found, segment) is not None:
                return ""  # a factory that is no class
            what = "are no items" if segment == "{}" else f"is no {segment!r}"
            how = (
                f"config.add_resource_node({found.__name__}, {segment!r}, …) mounts one"
                if segment != "{}"
                else ("a Collection has them")
            )
            return f"has no node: beneath {readable(found)} there {what} ({how})"
        found = below[segment]
    return ""


def missing_json(registry: Registry, service: Service) -> str:
    """Which model that a view says it answers has no representation; "" if there is none."""
    for method, _, arguments in service.definitions:
        answer: Any = getattr(validator_of(arguments), "answer", None)
        model = answer.of if isinstance(answer, Page) else answer
        if hasattr(model, "__mapper__") and model not in registry["representations"]:
            return f"answers {method} with {readable(model)}, which config.add_representation makes no JSON of"
    return ""
