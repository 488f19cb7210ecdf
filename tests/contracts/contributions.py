"""What third-party plugins that are on add to the contract tests: ``pytest --with-plugin NAME``.

A distribution names a module in the entry-point group ``courseplatform.contracts``, under its plugin's name. It holds
``MATRIX``, lines in the form of ``matrix/language.py``, and ``MISMATCHED``, addresses that lead to nothing,
``WITHOUT_DRY_RUN`` (its addresses of views with ``has_dry_run=False``), ``ROLES`` (of x-permissions, with the letters
of those who have them), ``NAMELESS`` (table and key of extensions that say nothing of people), ``KINDS`` (of
notifications, not mailed by default), ``EXPORTED`` (table and part of the export), ``LOOKED_THROUGH`` (lists that
read more than they show, as in ``test_statements.py``, and why) and ``build(world)``, which adds its rows to the world.
"""

from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Any

from courseplatform import testing

#: By the names that the setting has: entry points, or dotted names of modules outside of this tree.
THIRD_PARTY = [name for name in testing.PLUGINS if not name.startswith("plugins.")]

CONTRIBUTIONS: list[Any] = [
    entry_point.load()
    for entry_point in entry_points(group="courseplatform.contracts")
    if entry_point.name in THIRD_PARTY
]


def contributed(name: str) -> list[Any]:
    """What all contributions add to a list, one after the other."""
    return [one for module in CONTRIBUTIONS for one in getattr(module, name, ())]


def lacking(name: str, missing: Iterable[Any]) -> str:
    """What a test says when something on is in nobody's list: whose list it belongs in."""
    group = "the module that your entry point in courseplatform.contracts names"
    where = " or ".join(module.__name__ for module in CONTRIBUTIONS) or group
    return f"{name} lacks {', '.join(sorted(map(str, missing)))}: add it in {where}; a built-in plugin's, in the tests"
