"""Whose tables are whose: core has one history of migrations, and so has every plugin with tables of its own.

A plugin's version table carries, as its comment, where its revisions are and which tables they have made, so that
what a plugin has left in a database is known when the plugin itself is gone.
"""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from sqlalchemy import Connection, Table, inspect, text

from .db import Base

VERSION_TABLE = "alembic_version"
PREFIX = VERSION_TABLE + "_"
MAX_NAME_CHARS = 63 - len(PREFIX)
#: Of a folder inside a package; no way leads out of it, for the database is asked for it too.
PLACE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:\w+(/\w+)*", re.ASCII)


@dataclass(frozen=True)
class History:
    """Revisions, one after the other, in ``folder``; those of the tables whose models lie in ``packages``.

    ``place``: ``package:folder`` of a plugin's. ``include_path``: what had included the plugin.
    """

    name: str
    packages: tuple[str, ...]
    folder: Path
    place: str = ""
    include_path: tuple[str, ...] = field(default=(), compare=False)

    @property
    def version_table(self) -> str:
        return PREFIX + self.name if self.place else VERSION_TABLE

    def owns(self, module: str) -> bool:
        return any(lies_in(module, package) for package in self.packages)


@dataclass(frozen=True)
class Record:
    """What a database says of a plugin's history: where it was, and which of its tables are there."""

    place: str
    tables: tuple[str, ...]


def core_folder() -> Path:
    """Where ``env.py`` and ``versions/`` are: beside the core when installed, at the top of the tree in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "alembic"
    return installed if installed.is_dir() else here.parent / "alembic"


#: Built-in plugins are in it, whether they are on or not.
CORE = History("core", ("courseplatform", "plugins"), core_folder() / "versions")


def plugin_name(package: str) -> str:
    return re.sub(r"[.-]", "_", package)


def plugin_history(place: str, include_path: tuple[str, ...] = ()) -> History:
    """The history in ``package:folder``. Raises: ValueError; ModuleNotFoundError if the package is not installed."""
    if not PLACE.fullmatch(place):
        raise ValueError(f"{place!r} does not read 'package:folder'")
    package, _, folder = place.partition(":")
    found = find_spec(package)
    if found is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    if not found.submodule_search_locations:
        raise ValueError(f"{package} is a module; migrations lie in a package")
    where = Path(next(iter(found.submodule_search_locations))) / folder
    return History(plugin_name(package), (package,), where, place, include_path)


def lies_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def starts_with(path: tuple[str, ...], beginning: tuple[str, ...]) -> bool:
    return path[: len(beginning)] == beginning


def add_migrations(config: Configurator, place: str) -> None:
    """Let ``courseplatform migrate`` run the revisions in ``package:folder``; the package is the plugin's own."""
    try:
        history = plugin_history(place, config.includepath)
    except (ValueError, ModuleNotFoundError) as error:
        raise ConfigurationError(f"add_migrations: {error}") from error
    if len(history.name) > MAX_NAME_CHARS:
        raise ConfigurationError(f"add_migrations: {history.name} has more than {MAX_NAME_CHARS} characters")

    def register() -> None:
        histories: list[History] = config.registry["migrations"]
        for other in (CORE, *histories):
            if any(other.owns(package) or lies_in(other.packages[0], package) for package in history.packages):
                raise ConfigurationError(f"add_migrations: {history.name} and {other.name}: one lies in the other")
        # What a plugin includes comes before it, wherever in its includeme the plugin names its migrations.
        including = (i for i, other in enumerate(histories) if starts_with(history.include_path, other.include_path))
        histories.insert(next(including, len(histories)), history)

    introspectable = config.introspectable("migrations", history.name, place, "migrations")
    introspectable["history"] = history
    config.action(("migrations", history.name), register, introspectables=(introspectable,))


def model_tables() -> dict[str, str]:
    """Every table that has a model or is a module's attribute: its name, and the module of that."""
    own = [mapper for mapper in Base.registry.mappers if not mapper.single]
    found = {str(mapper.local_table): mapper.class_.__module__ for mapper in own}
    bare = {table for name, table in Base.metadata.tables.items() if name not in found}
    if bare:
        for name, module in list(sys.modules.items()):
            values = [value for value in vars(module).values() if isinstance(value, Table)]
            found.update({table.name: name for table in values if table in bare})
    return found


def table_names(connection: Connection) -> set[str]:
    """The tables that are there, apart from Alembic's own."""
    names = inspect(connection).get_table_names()
    return {name for name in names if name != VERSION_TABLE and not name.startswith(PREFIX)}


def records(connection: Connection) -> dict[str, Record]:
    """By name, every plugin that has ever been migrated here and not been removed, whether it is on or not."""
    rows = connection.execute(
        text(
            "SELECT relname, obj_description(oid, 'pg_class') FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = to_regnamespace(current_schema()::text)"
            " AND starts_with(relname, :prefix) ORDER BY relname"
        ),
        {"prefix": PREFIX},
    ).all()
    there = table_names(connection) if rows else set()
    return {name.removeprefix(PREFIX): read_record(comment, there) for name, comment in rows}


def read_record(comment: str | None, there: set[str]) -> Record:
    """A dump without comments, or another hand, may have lost it; the plugin's next ``migrate`` writes it anew."""
    try:
        kept = json.loads(comment or "")
        return Record(str(kept["place"]), tuple(name for name in kept["tables"] if name in there))
    except (ValueError, TypeError, KeyError):
        return Record("", ())


def keep_record(connection: Connection, history: History, made: set[str]) -> None:
    """Note at a plugin's version table where its revisions are, and its tables: of its models, and ``made`` by them."""
    if not history.place:
        return
    known = records(connection)[history.name].tables
    modelled = {name for name, module in model_tables().items() if history.owns(module)}
    tables = sorted((modelled | made | set(known)) & table_names(connection))
    comment = json.dumps({"place": history.place, "tables": tables})
    quoted = connection.dialect.identifier_preparer.quote(history.version_table)
    connection.execute(text(f"COMMENT ON TABLE {quoted} IS :comment"), {"comment": comment})


def is_own(connection: Connection, history: History) -> Callable[[str], bool]:
    """Whether a table, by its name, is this history's: what the comparison with the models looks at."""
    recorded, modelled = records(connection), model_tables()
    if history.place:
        own = {name for name, module in modelled.items() if history.owns(module)}
        if history.name in recorded:
            own |= set(recorded[history.name].tables)
        return own.__contains__
    # A table without a model is one that core has dropped, unless a plugin says that it is its.
    others = {name for name, module in modelled.items() if not history.owns(module)}
    others |= {name for record in recorded.values() for name in record.tables}
    return lambda name: name not in others and not name.startswith(PREFIX)


def includeme(config: Configurator) -> None:
    config.registry["migrations"] = []
    config.add_directive("add_migrations", add_migrations)
