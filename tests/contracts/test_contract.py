"""What plugin authors rely on changes only together with its version and a word in the changelog."""

import ast
import hashlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from pyramid.interfaces import IRequestExtensions

from courseplatform import api
from courseplatform.service import Service, Verb

from . import api_contract
from .contract_version import changed_names, is_kept, version_of

CHANGELOG = (Path(__file__).parents[2] / "CHANGELOG.md").read_text()
HOW = "run 'python -m tests.contracts.api_contract', look at the difference and name what changed in CHANGELOG.md"
RELEASED = ["contract 1.4", "api.Text: class(String)", "config.add_x(name: str, fn: Any) -> None"]


def told_of(version: str) -> str:
    """The changelog's section of a contract's version."""
    found = re.search(rf"^### {version.capitalize()}\b(.*?)(?=^##|\Z)", CHANGELOG, re.M | re.S)
    return found[1] if found else ""


def test_the_contract_is_as_it_is_written_down() -> None:
    assert api_contract.contract() == (api_contract.FOLDER / "present.txt").read_text(), HOW


def test_whatever_changed_since_the_last_release_is_in_the_changelog() -> None:
    version, *lines = (api_contract.FOLDER / "present.txt").read_text().splitlines()
    changed = {name.rpartition(".")[2] for name in changed_names(lines, api_contract.released())}
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", told_of(version)))))
    assert changed <= told, f"'### {version.capitalize()}' in CHANGELOG.md must name what changed"


def test_what_was_released_stays_as_it_was() -> None:
    digest = hashlib.sha256((api_contract.FOLDER / "released.txt").read_bytes()).hexdigest()[:12]
    assert digest in told_of(api_contract.released()[0])


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("config.add_x(name: str, fn: Any) -> None", "1.4"),
        ("config.add_x(name: str, fn: Any, load: Any=None) -> None", "1.5"),
        ("config.add_x(name: str, fn: Any, *, load: Any=None) -> None", "1.5"),
        ("config.add_x(name: str, fn: Any, **more: Any) -> None", "1.5"),
        ("config.add_x(name: str, fn: Any, load: Any) -> None", "2.0"),
        ("config.add_x(name: str, fn: Any, *, load: Any) -> None", "2.0"),
        ("config.add_x(name: str, load: Any=None, fn: Any=None) -> None", "2.0"),
        ("config.add_x(fn: Any, name: str) -> None", "2.0"),
        ("config.add_x(name: str) -> None", "2.0"),
        ("config.add_x(name: int, fn: Any) -> None", "2.0"),
        ("config.add_x(name: str, fn: Any) -> str", "2.0"),
        ("config.add_x: Any", "2.0"),
        ("config.add_y(name: str, fn: Any) -> None", "2.0"),
    ],
)
def test_additions_raise_the_minor_and_everything_else_the_major(line: str, version: str) -> None:
    assert version_of([RELEASED[1], line], RELEASED) == f"contract {version}"


def test_a_new_name_raises_the_minor_and_has_to_be_told() -> None:
    lines = [*RELEASED[1:], "api.New: class()", "api.New.part: str", "api.Text.size: int"]
    assert version_of(lines, RELEASED) == "contract 1.5"
    assert changed_names(lines, RELEASED) == {"api.New", "api.Text.size"}
    assert not is_kept("api.Text: class(String)", "api.Text: class(Whole)")


def test_more_said_of_what_was_a_bare_name_raises_the_minor_and_nothing_has_changed() -> None:
    lines = [
        *RELEASED[1:],
        "plugins.x.api.News: class()",
        "plugins.x.api.News.kind: str",
        "plugins.x.api.tell() -> None",
    ]
    released = [*RELEASED, "plugins.x.api.News", "plugins.x.api.tell"]
    assert version_of(lines, released) == "contract 1.5"
    assert changed_names(lines, released) == set()
    assert changed_names(lines[:-2], released) == {"plugins.x.api.tell"}
    assert version_of(lines[:-2], released) == "contract 2.0"


def test_everything_that_api_imports_is_exported() -> None:
    imports = [node for node in ast.parse(inspect.getsource(api)).body if isinstance(node, ast.ImportFrom)]
    assert {alias.asname or alias.name for node in imports for alias in node.names} == set(api.__all__)


def test_the_annotated_configurator_lists_what_core_has() -> None:
    known = {name: fn for name, fn in vars(api.Configurator).items() if inspect.isfunction(fn)}
    registered = {name: fn for name, (fn, _) in api_contract.included().registry._directives.items()}
    own = {name: fn for name, fn in registered.items() if fn.__module__.startswith("courseplatform")}
    assert known == own, "list a directive in courseplatform/configurator.py"


def test_all_that_core_adds_to_a_request_is_in_its_class(wsgi_app: Any) -> None:
    added = wsgi_app.registry.getUtility(IRequestExtensions)
    lazy = {name: getattr(found, "wrapped", None) or found.fget for name, found in added.descriptors.items()}
    of_core = [name for name, fn in {**added.methods, **lazy}.items() if fn.__module__.startswith("courseplatform")]
    assert of_core == [], "list it in courseplatform/request.py"


def test_a_verb_takes_what_a_view_takes() -> None:
    of_view, of_verb = (dict(inspect.signature(fn).parameters) for fn in (Service.add_view, Verb.__call__))
    del of_view["method"], of_view["view"], of_view["permission"], of_verb["permission"]
    assert of_view == of_verb
