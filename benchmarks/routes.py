"""Does a request cost more the more plugins there are? ``python -m benchmarks.routes`` adds 10 and 60, and counts.

Each is a plugin as its author would write it: two addresses, nodes with ACLs at a course and at the root, permissions,
a scope. (Only that it would include the courses, and their routes would then come before all others.) What is asked is
of built-in plugins: instructions of a request, counted as ``benchmarks.guard`` counts them, with the added plugins'
routes after those of the built-in ones and, which can only be worse, before. Of several rounds the least counts:
telling valgrind when to begin adds up to 4 % to a round, and nothing takes any away. Exits with 1 if a request takes
over 5 % more than without them.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from tests.contracts.own_world import built_in_plugins

from . import report
from .guard import CALLS, counted, small_world
from .report import say

ASKED = ("lesson", "not modified", "forbidden", "handing in")
NONE, BEFORE, AFTER = "none added", "before", "after"
LIMIT = 1.05
#: Instructions of each request, by which plugins are added.
Found = dict[str, dict[str, float]]

FILES = {
    "__init__.py": '''
"""Hints of a course, number {number}."""

from courseplatform.api import Configurator


def includeme(config: Configurator) -> None:
    config.add_scope("{name}", "See hints", ["{name}:view"], is_read_only=True)
    config.add_resource_node("plugins.courses.api.CourseItem", "{slug}", "{name}.resources.Hints")
    config.add_resource_node("courseplatform.api.Root", "{slug}", "{name}.resources.AllHints")
    config.scan("{name}.views")
''',
    "permissions.py": """
from enum import StrEnum


class P(StrEnum):
    VIEW = "{name}:view"
    EDIT = "{name}:edit"
""",
    "resources.py": '''
"""``/courses/{{course_id}}/{slug}`` and ``/{slug}``"""

from typing import Any

from courseplatform.api import Allow, Authenticated, Everyone, Node
from plugins.courses.api import staff_principals

from .permissions import P


class Hints(Node):
    """``/courses/{{course_id}}/{slug}``: who sees the course sees them, its teachers change them."""

    @property
    def __acl__(self) -> Any:
        staff = [(Allow, principal, P.EDIT) for principal in staff_principals(self.__parent__.id)]
        return [(Allow, Everyone, P.VIEW), *staff]


class AllHints(Node):
    """``/{slug}``"""

    __acl__ = [(Allow, Authenticated, P.VIEW)]
''',
    "views.py": '''
"""``/courses/{{course_id}}/{slug}/`` and ``/{slug}/``"""

from typing import Any

from courseplatform.api import Answer, AnyText, Request, Service, field

from .permissions import P

hints = Service("{name}", "/courses/{{course_id}}/{slug}/")
all_hints = Service("all_{name}", "/{slug}/")


class HintAnswer(Answer):
    hint = field(AnyText())


@hints.get(permission=P.VIEW, answer=HintAnswer)
def show_hint(request: Request) -> Any:
    """A hint on the course."""
    return {{"hint": "Read it twice."}}


@hints.put(permission=P.EDIT, answer=HintAnswer)
def change_hint(request: Request) -> Any:
    """Another hint."""
    return {{"hint": "Read it again."}}


@all_hints.get(permission=P.VIEW, answer=HintAnswer)
def show_any_hint(request: Request) -> Any:
    """A hint."""
    return {{"hint": "Read."}}
''',
}


def make_plugins(folder: Path, count: int) -> list[str]:
    """Write that many into a folder: their dotted names. Addresses and names are of their own."""
    names = []
    for number in range(count):
        name = f"acme_hints_{number}"
        (folder / name).mkdir(exist_ok=True)
        for file, text in FILES.items():
            said = text.format(number=number, name=name, slug=name.replace("_", "-"))
            (folder / name / file).write_text(said.lstrip())
        names.append(name)
    return names


def orders(folder: Path, numbers: list[int]) -> dict[str, list[str]]:
    """Which plugins are on, in which order, by what that is called."""
    built_in = built_in_plugins()
    found = {NONE: built_in}
    for number in numbers:
        added = make_plugins(folder, number)
        found |= {f"{number} {AFTER}": [*built_in, *added], f"{number} {BEFORE}": [*added, *built_in]}
    return found


def least(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: min(counts[name] for counts in rounds) for name in ASKED}


def ratios(found: Found) -> Found:
    """How many times as many instructions as with none added."""
    return {
        order: {name: counts[name] / found[NONE][name] for name in counts}
        for order, counts in found.items()
        if order != NONE
    }


def table(found: Found) -> str:
    dearer, lines = ratios(found), []
    for name in ASKED:
        cells = (f"{of[name]:.3f}" for of in dearer.values())
        lines.append([name, f"{found[NONE][name]:,.0f}", *cells])
    return report.table(["instructions of a request", NONE, *(f"× with {order}" for order in dearer)], lines)


def over(found: Found) -> list[str]:
    return [
        f"{name}, with {order}: {ratio:.3f} of what it takes with none"
        for order, dearer in ratios(found).items()
        for name, ratio in dearer.items()
        if ratio > LIMIT
    ]


def whole_numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def read_arguments() -> Namespace:
    parser = ArgumentParser("python -m benchmarks.routes", description=__doc__.replace("%", "%%"))
    numbers = "10,60"
    parser.add_argument("--plugins", type=whole_numbers, default=numbers, help=f"how many are added: {numbers}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="a folder for routes.json")
    return parser.parse_args()


def main() -> int:
    given = read_arguments()
    with small_world() as (url, folder):
        calls = json.loads((folder / CALLS).read_text())
        (folder / CALLS).write_text(json.dumps({name: calls[name] for name in ASKED}))
        on = orders(folder, given.plugins)
        rounds: dict[str, list[dict[str, float]]] = {order: [] for order in on}
        for number in range(given.rounds):
            say(f"{number + 1} of {given.rounds} rounds …")
            for order, plugins in on.items():
                rounds[order].append(counted(url, folder, plugins=plugins))
    found = {order: least(them) for order, them in rounds.items()}
    print(table(found))
    dear = over(found)
    print("\n".join([f"Over {LIMIT}:", *dear]) if dear else f"Nothing takes over {LIMIT} of it.")
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        results = {"about": report.circumstances(), "instructions": found, "ratios": ratios(found), "over": dear}
        (given.out / "routes.json").write_text(json.dumps(results, indent=1))
    return 1 if dear else 0


if __name__ == "__main__":
    sys.exit(main())
