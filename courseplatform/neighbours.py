"""Plugins that work with each other where both are on: ``config.when_on``, and which plugins are on.

What a plugin can't do without, it includes. What it only does for a neighbour waits here until every plugin is
included, so that the order in which they are named has no meaning and none switches another on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.settings import aslist

CORE_SPEC = "courseplatform:includeme"


@dataclass(frozen=True)
class Include:
    """``spec`` (``module:function``) was included by the last of ``path``, at ``line`` (file, number and text)."""

    path: tuple[str, ...]
    spec: str
    line: str

    @property
    def module(self) -> str:
        return self.spec.partition(":")[0]


def when_on(config: Configurator, plugins: str | Iterable[str], attachment: Any) -> None:
    """Include ``attachment`` (a function of ``config``, by dotted name) if all of ``plugins`` are on.

    ``plugins``: dotted names of modules. An attachment includes no other plugin.
    """
    config.action(("when on", attachment), None)
    config.registry["attachments"].append((config, set(aslist(plugins)), attachment))


def included(config: Configurator) -> set[str]:
    """The modules that were included beside core, whether a setting or another plugin named them."""
    paths = [action["includepath"] for action in config.action_state.actions]
    beside = [path for path in paths if path and path[0] != CORE_SPEC]
    return {spec.partition(":")[0] for path in beside for spec in path}


def include_attachments(config: Configurator) -> None:
    """Attach neighbours to each other: called once, when every plugin is included and nothing is committed yet."""
    modules = included(config)
    parts = {name for name in modules if any(name.startswith(f"{other}.") for other in modules)}
    config.registry["plugins"] = sorted(modules - parts)
    for attaching, needed, attachment in config.registry["attachments"]:
        if needed <= modules:
            attaching.include(attachment)


def plugins_on(registry: Registry) -> list[str]:
    """The modules of the plugins that are on."""
    names: list[str] = registry["plugins"]
    return names


def plugin_of(registry: Registry, module: str) -> str:
    """The plugin that a module belongs to, ``courseplatform`` for core's; the module's own name if it is of none."""
    known = sorted(registry.get("include.modules", ()), key=len)
    for name in known:
        if f"{module}.".startswith(f"{name}."):
            return name
    beside = {name for name in known if name.partition(".")[0] == module.partition(".")[0]}
    return min(beside) if len(beside) == 1 else module


def readable(part: Any) -> str:
    """A class or function by its dotted name, anything else as it is."""
    return f"{part.__module__}.{part.__qualname__}" if hasattr(part, "__qualname__") else str(part)


def includeme(config: Configurator) -> None:
    config.registry["attachments"], config.registry["plugins"] = [], []
    config.add_directive("when_on", when_on)
