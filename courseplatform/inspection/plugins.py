"""What is on: for each plugin its version, where it comes from, what it has brought and what it grants."""

import sys
from collections.abc import Collection, Iterator
from importlib.metadata import entry_points, packages_distributions, version
from typing import Any

from pyramid.registry import Registry

from ..neighbours import plugin_of, readable
from .grants import entries, grants
from .nodes import address

#: Kinds of claims that are told otherwise or tell an operator nothing.
UNTOLD = frozenset(
    ("local role", "resource nodes", "settings", "service name", "service path", "when on", "route-connect")
)


def plugin_facts(registry: Registry) -> list[dict[str, Any]]:
    """One dict of JSON values per plugin that is on."""
    granted = grants(registry)
    return [
        {
            "name": name,
            "distribution": distribution(name),
            "file": getattr(sys.modules[name], "__file__", None),
            "included_by": included_by(registry, name),
            "nodes": [
                f"{entry.title} → {entry['factory'].__name__}" for entry in own(registry, name, "resource nodes")
            ],
            "services": services(registry, name),
            "settings": [setting(registry, entry["setting"]) for entry in own(registry, name, "settings")],
            "migrations": [entry.title for entry in own(registry, name, "migrations")],
            "scopes": sorted(scope(entry) for entry in own(registry, name, "scopes")),
            "local_roles": sorted(local_role(entry) for entry in own(registry, name, "local role")),
            **claims(registry, name),
            "subscribers": [subscriber(entry) for entry in own(registry, name, "subscribers")],
            "restricts": [str(entry["restriction"]) for entry in own(registry, name, "restrictions")],
            "grants_beyond_its_own_nodes": [grant.what for grant in granted if grant.plugin == name],
        }
        for name in registry["plugins"]
    ]


def own(registry: Registry, name: str, category: str) -> list[Any]:
    return [entry for entry in entries(registry, category) if plugin_of(registry, entry.module) == name]


def distribution(name: str) -> str | None:
    """``courseplatform-cohorts 1.2.0``; None for what was not installed by pip."""
    for entry_point in entry_points(group="courseplatform.plugins"):
        if entry_point.value.partition(":")[0] == name and entry_point.dist:
            return f"{entry_point.dist.name} {entry_point.dist.version}"
    found = packages_distributions().get(name.partition(".")[0])
    return f"{found[0]} {version(found[0])}" if found else None


def included_by(registry: Registry, name: str) -> list[str]:
    """``the settings``, and the plugins that need it."""
    found = set()
    for include in registry["includes"]:
        if include.module == name:
            by = plugin_of(registry, include.path[-1].partition(":")[0]) if include.path else "the settings"
            found |= {by} - {name}
    return sorted(found)


def services(registry: Registry, name: str) -> list[str]:
    """``GET, POST /api/courses/``"""
    return sorted(
        f"{address(service)} {', '.join(sorted(set(service.defined_methods) - {'HEAD', 'OPTIONS'}))}"
        for service in registry.cornice_services.values()
        if service.definitions and plugin_of(registry, service.definitions[0][1].__module__) == name
    )


def setting(registry: Registry, declared: Any) -> str:
    """A setting and whether it is set; never its value."""
    value = registry.settings.get(declared.name)
    state = "not set" if value is None else "default" if value == declared.default else "set"
    return f"{declared.name} ({state}{', secret' if declared.secret else ''})"


def scope(entry: Any) -> str:
    return f"{entry['scope']}: {', '.join(entry['permissions'])}"


def local_role(entry: Any) -> str:
    """Where it is held, its name, and who holds it: what its function says of itself."""
    node_class, role, expression = entry.discriminator
    who = (expression.__doc__ or readable(expression)).strip().partition("\n")[0]
    return f"{node_class.__name__} {role}: {who}"


def subscriber(entry: Any) -> str:
    events = ", ".join(readable(event) for event in entry["interfaces"])
    return f"{readable(entry['subscriber'])} on {events}"


def claims(registry: Registry, name: str) -> dict[str, list[str]]:
    """What else its directives have claimed, by kind: extensions, jobs, commands, scopes, kinds of notifications …"""
    found: dict[str, list[str]] = {}
    for kind, listed in registry.introspector.categorized():
        told = [e["introspectable"] for e in listed if getattr(e["introspectable"], "is_claim", False)]
        titles = [entry.title for entry in told if entry.title and plugin_of(registry, entry.module) == name]
        if titles and kind not in UNTOLD:
            found[kind] = sorted(titles)
    return found


def plugin_lines(registry: Registry, only: Collection[str] = ()) -> Iterator[str]:
    """The same for people. ``only``: these headings, and the plugins that have something under them."""
    for facts in plugin_facts(registry):
        name, lines = facts.pop("name"), []
        for label, value in facts.items():
            values = value if isinstance(value, list) else [value] if value else []
            heading = plural(label.replace("_", " ")) if isinstance(value, list) else label
            if values and (not only or heading in only):
                lines += [f"  {heading}:", *(f"    {line}" for line in values)]
        if lines:
            yield from (name, *lines, "")


def plural(label: str) -> str:
    if label.endswith(("s", " by")):
        return label
    return f"{label[:-1]}ies" if label.endswith("y") else f"{label}s"
