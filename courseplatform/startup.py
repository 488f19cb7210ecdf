"""Starting: plugins include each other in whatever order, and what is wrong with one is told in one message.

``Platform`` is Pyramid's Configurator with three rules more: a circle of includes is an error, no plugin overrides
what another has claimed (Pyramid lets whoever includes do so), and a view names its permission.
"""

import inspect
import linecache
import sys
import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

from pyramid.config import Configurator
from pyramid.exceptions import (
    ConfigurationConflictError,
    ConfigurationError,
    ConfigurationExecutionError,
)
from pyramid.registry import Registry

from .neighbours import CORE_SPEC, Include, plugin_of, readable

ADVICE = "It can exist once, and order has no meaning: rename one, or switch one plugin off."


class StartupError(ConfigurationError):
    """Why the platform does not start, as an operator reads it: which plugin, which line, what, and what helps."""


class Platform(Configurator):
    def include(self, callable: Any, route_prefix: str | None = None) -> None:
        """Pyramid's ``include``. Raises: StartupError naming the plugin and its line, whatever goes wrong in it."""
        caller = sys._getframe(1)
        line = place(caller.f_code.co_filename, caller.f_lineno)
        named = (
            callable if isinstance(callable, str) else callable.__module__ if hasattr(callable, "__module__") else ""
        )
        try:
            found = super().maybe_dotted(callable)
            spec = spec_of(found)
            include = Include(self.includepath, spec, line)
            self.registry.setdefault("includes", []).append(include)
            self.registry.setdefault("include.modules", set()).add(include.module)
            if spec in self.includepath:
                raise StartupError(circle(self.registry, [*self.includepath, spec]))
            super().include(found, route_prefix)
        except ConfigurationError as error:
            if isinstance(error, StartupError):
                raise
            raise StartupError(f"{self.named(spec_module(named))} can't be started:\n{line}\n  {error}") from error
        except Exception as error:  # whatever it is, it ends the start: the operator needs the plugin and the line
            raise StartupError(self.failure(error, named, line)) from error

    def add_directive(self, name: str, directive: Any, action_wrap: bool = True) -> None:
        """Pyramid's ``add_directive``, by which the last one would win. Raises: StartupError for a taken name."""
        caller = sys._getframe(1)
        claim = self.module, place(caller.f_code.co_filename, caller.f_lineno)
        taken = self.registry.setdefault("directives", {}).setdefault(name, claim)
        if taken[0] != self.module and self.includepath[:1] != (CORE_SPEC,):
            claims = [f"  {self.named(module)}, at\n{line}" for module, line in (taken, claim)]
            raise StartupError("\n".join([f"Claimed more than once: directive {name}", *claims, ADVICE]))
        super().add_directive(name, directive, action_wrap)

    def maybe_dotted(self, dotted: Any) -> Any:
        """Pyramid's ``maybe_dotted``; where a name leads nowhere, the error carries it."""
        try:
            return super().maybe_dotted(dotted)
        except (ImportError, AttributeError) as error:
            if isinstance(dotted, str):
                error.add_note(f"looking for {dotted!r}{meant(*unfound(dotted))}")
            raise

    def action(self, discriminator: Any, callable: Any = None, *args: Any, **kw: Any) -> None:
        """Pyramid's ``action``; what a directive claims can be listed although it tells Pyramid nothing of it."""
        entries = tuple(kw.pop("introspectables", ())) or tuple(self.told(discriminator))
        for entry in entries:
            entry.module = self.module
        super().action(discriminator, callable, *args, introspectables=entries, **kw)

    def told(self, discriminator: Any) -> Iterable[Any]:
        kind, *rest = discriminator if isinstance(discriminator, tuple) else (discriminator,)
        if isinstance(kind, str):
            entry = self.introspectable(kind, tuple(rest), " ".join(map(readable, rest)), kind)
            entry.is_claim = True
            yield entry

    @property
    def module(self) -> str:
        """The module whose ``includeme`` is running; "" for the platform's own beginning."""
        return spec_module(self.includepath[-1]) if self.includepath else ""

    def named(self, module: str) -> str:
        name = plugin_of(self.registry, module)
        return "The core" if name == "courseplatform" else f"The plugin {name}"

    def commit(self) -> None:
        """Pyramid's ``commit``. Raises: StartupError; also for a plugin that calls it, as it would dodge conflicts."""
        if self.includepath and self.includepath[0] != CORE_SPEC:
            caller = sys._getframe(1)
            line = place(caller.f_code.co_filename, caller.f_lineno)
            raise StartupError(f"{self.named(self.module)} calls config.commit(): only the platform does.\n{line}")
        actions = list(self.action_state.actions)
        for action in actions:
            if action["includepath"][:1] != (CORE_SPEC,):
                action["includepath"] = action["includepath"][-1:]  # nobody includes, and so overrides, anybody
        try:
            super().commit()
        except ConfigurationConflictError as error:
            raise StartupError(self.conflicts(error, actions)) from error
        except ConfigurationExecutionError as error:
            if isinstance(error.evalue, ConfigurationError):
                told = str(error.evalue)
                raise StartupError(f"{told}\n{place_of(error.info)}".rstrip()) from error
            module = module_of(error.info, actions)
            raise StartupError(self.failure(error.evalue, module, place_of(error.info))) from error

    def failure(self, error: Any, module: str, line: str) -> str:
        module = spec_module(module)
        told = "\n  ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
        if isinstance(error, AttributeError) and isinstance(error.obj, Configurator):
            known = {*dir(error.obj), *self.registry["directives"]}
            hint = meant(str(error.name), known) or ": no plugin that is included has it"
            told = f"there is no config.{error.name}{hint}"
        if isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}."):
            return (
                f"There is no plugin {module}: neither a module of that name nor an entry point of the group "
                f"courseplatform.plugins.\n{line}\nInstall it, or take it out of the setting courseplatform.plugins."
            )
        own = raised_at(error, plugin_of(self.registry, module)) or raised_at(error, module) or line
        return f"{self.named(module)} can't be started:\n{own}\n  {told}"

    def conflicts(self, error: Any, actions: list[Any]) -> str:
        told = []
        for discriminator, infos in error._conflicts.items():
            parts = discriminator if isinstance(discriminator, tuple) else (discriminator,)
            told.append("Claimed more than once: " + " ".join(map(readable, parts)))
            for info in infos:
                told.append(f"  {self.named(module_of(info, actions))}, at\n  {place_of(info)}")
        return "\n".join([*told, ADVICE])


def circle(registry: Registry, specs: list[str]) -> str:
    """Who includes whom, in words."""
    specs = specs[specs.index(specs[-1]) :]
    steps = []
    for by, spec in pairwise(specs):
        line = next(i.line for i in reversed(registry["includes"]) if i.spec == spec and i.path[-1:] == (by,))
        steps.append(f"  {spec_module(by)} includes {spec_module(spec)}, at\n{line}")
    advice = "A plugin includes what it can't do without; to its dependents it attaches with config.when_on."
    return "\n".join(["Plugins include each other in a circle:", *steps, advice])


def unfound(dotted: str) -> tuple[str, Iterable[str]]:
    """The first part of a dotted name that isn't there, and what is there instead."""
    found, *parts = dotted.replace(":", ".").split(".")
    for part in parts:
        if found in sys.modules and not hasattr(sys.modules[found], part):
            return part, dir(sys.modules[found])
        found = f"{found}.{part}"
    return "", ()


def meant(name: str, known: Iterable[str]) -> str:
    """``; did you mean …?``, or nothing."""
    near = get_close_matches(name, known, n=1, cutoff=0.75)
    return f"; did you mean {near[0]}?" if near else ""


def spec_of(found: Any) -> str:
    """How Pyramid names an include: ``module:function``."""
    if hasattr(found, "__path__") or not hasattr(found, "__module__"):
        return f"{found.__name__}:includeme"
    return f"{found.__module__}:{found.__name__}"


def spec_module(spec: str) -> str:
    return spec.partition(":")[0]


def module_of(info: Any, actions: list[Any]) -> str:
    """The module that took the action with this ``info``; "" if it is unknown."""
    paths = [action["includepath"] for action in actions if action["info"] is info]
    return spec_module(paths[0][-1]) if paths and paths[0] else ""


def raised_at(error: BaseException, module: str) -> str:
    """The innermost line of a module's own files that led to an error; "" if there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return place(error.filename, error.lineno or 0)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if is_file_of(f.filename, module)]
    return place(frames[-1].filename, frames[-1].lineno or 0) if frames else ""


def is_file_of(filename: str, module: str) -> bool:
    top, *rest = module.split(".")
    loaded = sys.modules.get(top)
    spec = (loaded and loaded.__spec__) or (find_spec(top) if top else None)
    if spec is None:
        return False
    if spec.submodule_search_locations is None:
        return filename == spec.origin
    bases = [Path(folder, *rest) for folder in spec.submodule_search_locations]
    return any(Path(filename) == base.with_suffix(".py") or base in Path(filename).parents for base in bases)


def place(file: str | None, line: int) -> str:
    return f"  {file}:{line}: {linecache.getline(file, line).strip()}" if file else ""


def place_of(info: Any) -> str:
    return place(info.file, info.line)


def place_of_view(view: Any) -> str:
    """Where a view was added; of one that a library added for the plugin (Cornice's own Service), where it is."""
    code = getattr(inspect.unwrap(view["callable"]), "__code__", None)
    if code is None or is_file_of(view.action_info.file or "", view.module):
        return place_of(view.action_info)
    return place(code.co_filename, code.co_firstlineno)
