"""The contract with plugin authors as text: its version, then a line a name, read from the code.

``python -m tests.contracts.api_contract`` writes ``contract/present.txt``. When the platform is released, ``--release``
makes that ``contract/released.txt``, which is what the next version is counted from.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from _pytest.fixtures import FixtureFunctionDefinition
from pyramid.config import Configurator

from courseplatform import api, testing
from courseplatform.request import Request

from .contract_version import version_of

FOLDER = Path(__file__).with_name("contract")
PLUGINS = sorted(path.parent.name for path in Path(__file__).parents[2].glob("plugins/*/__init__.py"))
OWN = ("courseplatform", "plugins")
#: What a request has for core alone.
INTERNAL = ("caller", "foreseen")


def contract() -> str:
    """The version that follows from the last release, and every promised name with its signature, sorted."""
    lines = sorted({*exports(), *directives(), *attributes(), *for_tests()})
    return "\n".join([version_of(lines, released()), *lines, ""])


def released() -> list[str]:
    return (FOLDER / "released.txt").read_text().splitlines()


def exports() -> Iterator[str]:
    """What plugins import, of core and of each other, with signatures and fields."""
    for name in api.__all__:
        yield from described(f"api.{name}", getattr(api, name))
    for plugin in PLUGINS:
        if find_spec(f"plugins.{plugin}.api"):
            module = import_module(f"plugins.{plugin}.api")
            for name in module.__all__:
                yield from described(f"plugins.{plugin}.api.{name}", getattr(module, name))


def directives() -> Iterator[str]:
    """``config.add_…``, core's and those of built-in plugins."""
    for name, (fn, _) in included(*(f"plugins.{plugin}" for plugin in PLUGINS)).registry._directives.items():
        if fn.__module__.startswith(OWN):
            yield f"config.{name}{signature(fn, is_method=True)}"


def included(*plugins: str) -> Configurator:
    """Core and some plugins, included and nothing more: no setting is checked, no database asked."""
    config = Configurator(settings={})
    for name in ("courseplatform", *plugins):
        config.include(name)
    return config


def attributes() -> Iterator[str]:
    """What core adds to Pyramid's request."""
    yield from (f"request.{name}: {annotation}" for name, annotation in annotated(Request))
    for name, value in vars(Request).items():
        if isinstance(value, cached_property) and name not in INTERNAL:
            yield f"request.{name}: {returned(value.func)}"
        elif inspect.isfunction(value):
            yield f"request.{name}{signature(value, is_method=True)}"


def for_tests() -> Iterator[str]:
    """``courseplatform.testing``, and the fixtures and functions that plugins bring for tests."""
    found = [f"plugins.{plugin}.testing" for plugin in PLUGINS if find_spec(f"plugins.{plugin}.testing")]
    for module in (testing, *map(import_module, found)):
        for name, value in vars(module).items():
            if isinstance(value, FixtureFunctionDefinition):
                yield f"fixture.{name}: {returned(value._fixture_function)}"
            elif getattr(value, "__module__", "") == module.__name__ and not name.startswith(("_", "pytest_")):
                yield from described(f"{module.__name__.removeprefix('courseplatform.')}.{name}", value)


def described(path: str, value: Any) -> Iterator[str]:
    if inspect.isfunction(value) and value.__module__.startswith(OWN):
        yield f"{path}{signature(value)}"
    elif inspect.isclass(value) and value.__module__.startswith(OWN):
        yield f"{path}: class({', '.join(base.__name__ for base in value.__bases__ if base is not object)})"
        if value not in (api.Request, api.Configurator):  # told line by line elsewhere
            yield from members(path, value)
    else:
        yield path


def members(path: str, cls: type) -> Iterator[str]:
    """Public attributes and methods, the nearest of each name; those of a base are listed with the base.

    Where a library's class is derived from, only documented methods count: the others override its own.
    """
    found: dict[str, str] = {}
    own = [part for part in cls.__mro__ if part.__module__.startswith(OWN)]
    listed = [value for value in (*vars(api).values(), *vars(testing).values()) if value is not cls]
    has_others = any(part not in own and part.__module__ not in ("builtins", "typing") for part in cls.__mro__)
    for part in (part for part in own if part not in listed):
        for name, annotation in annotated(part):
            found.setdefault(name, f"{path}.{name}: {annotation}")
        for node in parsed(part).body:
            if isinstance(node, ast.Assign):
                for name, value in assigned(node):
                    found.setdefault(name, f"{path}.{name} = {value}")
            elif isinstance(node, ast.FunctionDef) and is_promised(node, has_others):
                found.setdefault(node.name, method(path, node))
    yield from found.values()


def is_promised(node: ast.FunctionDef, has_others: bool) -> bool:
    return is_public(node.name) and (node.name == "__init__" or not has_others or bool(ast.get_docstring(node)))


def is_public(name: str) -> bool:
    return name == "__init__" or not name.startswith("_")


def annotated(cls: type) -> Iterator[tuple[str, str]]:
    for node in parsed(cls).body:
        if isinstance(node, ast.AnnAssign) and is_public(ast.unparse(node.target)):
            yield ast.unparse(node.target), ast.unparse(node.annotation)


def assigned(node: ast.Assign) -> Iterator[tuple[str, str]]:
    """Constants with their value; of anything else, a schema's field or a column, that it is there."""
    (target,) = node.targets
    is_tuple = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
    for name, value in zip(target.elts, node.value.elts, strict=True) if is_tuple else [(target, node.value)]:
        if is_public(ast.unparse(name)):
            yield ast.unparse(name), ast.unparse(value) if isinstance(value, ast.Constant) else "…"


def method(path: str, node: ast.FunctionDef) -> str:
    if "property" in map(ast.unparse, node.decorator_list):
        return f"{path}.{node.name}: {ast.unparse(node.returns)}"
    return f"{path}.{node.name}{written(node, is_method=True)}"


def signature(fn: Any, *, is_method: bool = False) -> str:
    return written(parsed(fn), is_method=is_method)


def written(node: Any, *, is_method: bool) -> str:
    """The arguments as the source says them; those of a method, a directive or of requests without the first."""
    if is_method:
        del node.args.args[0]
    gives = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"({ast.unparse(node.args)}){gives}"


def returned(fn: Any) -> str:
    return fn.__name__ if inspect.isclass(fn) else ast.unparse(parsed(fn).returns)


def parsed(thing: Any) -> Any:
    return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]


if __name__ == "__main__":
    for file in ("present.txt", "released.txt") if "--release" in sys.argv else ("present.txt",):
        (FOLDER / file).write_text(contract())
