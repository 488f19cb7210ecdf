"""Migrations: Alembic, configured here and nowhere else."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg2.errors import DependentObjectsStillExist
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from .db import postgresql_url
from .histories import CORE, History, Record, core_folder, plugin_history, plugin_name, records


class MigrationError(Exception):
    """What can't be done, in a sentence for the operator."""


def config(url: str, history: History = CORE) -> Config:
    made = Config(attributes={"history": history})
    made.set_main_option("script_location", str(core_folder()).replace("%", "%%"))
    made.set_main_option("version_locations", str(history.folder).replace("%", "%%"))
    made.set_main_option("sqlalchemy.url", postgresql_url(url).replace("%", "%%"))
    made.set_main_option("path_separator", "newline")
    return made


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(postgresql_url(url))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def in_plain_words(history: History) -> Iterator[None]:
    """Raises: MigrationError for what Alembic or the database refuses."""
    try:
        yield
    except CommandError as error:
        raise MigrationError(f"{history.name}: {error}") from error
    except DBAPIError as error:
        if not isinstance(error.orig, DependentObjectsStillExist):
            raise
        detail = (error.orig.diag.message_detail or "").replace("\n", "; ")
        raise MigrationError(
            f"{history.name} can't be taken back, because tables of others need it: {detail}."
            " Remove those plugins first."
        ) from error


def migrate(url: str, revision: str = "heads", history: History = CORE) -> None:
    """Bring the schema of one history up to ``revision``. Several processes may do so at once: they wait.

    Raises: MigrationError.
    """
    require_known(url, history)
    with in_plain_words(history):
        command.upgrade(config(url, history), revision)


def migrate_all(url: str, histories: Iterable[History]) -> None:
    """Bring core's schema and those of plugins (``registry["migrations"]``) up to date. Raises: MigrationError."""
    for history in (CORE, *histories):
        migrate(url, history=history)


def downgrade(url: str, revision: str, history: History = CORE) -> None:
    """Raises: MigrationError."""
    require_known(url, history)
    with in_plain_words(history):
        command.downgrade(config(url, history), revision)


def require_known(url: str, history: History) -> None:
    """Raises: MigrationError if the history is not here, or the database is ahead of it."""
    if not history.folder.is_dir():
        raise MigrationError(
            f"{history.name} has no folder {history.folder}: `courseplatform new-migration` makes it with the first"
            " revision; a package that is installed has to ship it."
        )
    known = {script.revision for script in ScriptDirectory.from_config(config(url, history)).walk_revisions()}
    unknown = ", ".join(sorted(set(current(url, history)) - known))
    if unknown:
        raise MigrationError(
            f"The database is at revision {unknown} of {history.name}, which the code here does not know: newer code"
            " has migrated it. Install that again, or have it go back first (`courseplatform migrate --down`)."
        )


def new_revision(url: str, history: History, message: str, is_empty: bool = False) -> Path | None:
    """Write what differs between a plugin's models and its tables as its next revision; None if nothing does.

    ``is_empty``: a revision to be filled by hand. Raises: MigrationError.
    """
    import_models(history)
    history.folder.mkdir(parents=True, exist_ok=True)
    require_known(url, history)
    taken = [int(path.name[:4]) for path in history.folder.glob("[0-9][0-9][0-9][0-9]_*.py")]

    def only_differences(context: Any, revision: Any, directives: list[Any]) -> None:
        if not is_empty and directives[0].upgrade_ops.is_empty():
            directives.clear()

    with in_plain_words(history):
        written: Any = command.revision(
            config(url, history),
            message,
            autogenerate=not is_empty,
            rev_id=f"{max(taken, default=0) + 1:04d}",
            process_revision_directives=only_differences,
        )
    if not written:
        return None
    (history.folder / "__init__.py").touch()  # so that find_packages() ships the folder
    return Path(written.path)


def removable(url: str, name: str) -> tuple[History, Record]:
    """The history of a plugin that has tables here, on or not. Raises: MigrationError if it can't be taken away."""
    with connected(url) as connection:
        found = records(connection)
    name = plugin_name(name)
    if name not in found:
        raise MigrationError(f"No plugin {name} has tables here; these have: {', '.join(found) or 'none'}.")
    record = found[name]
    if not record.place:
        raise MigrationError(
            f"Where the revisions of {name} are is not recorded here any more: `courseplatform migrate` with the"
            " plugin on records it again; then remove it."
        )
    try:
        history = plugin_history(record.place)
    except (ValueError, ModuleNotFoundError) as error:
        raise MigrationError(gone(name, record)) from error
    if history.name != name or not history.folder.is_dir():
        raise MigrationError(gone(name, record))
    return history, record


def quoted(name: str) -> str:
    """A table's name as SQL has it."""
    quote: Callable[[str], str] = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]
    return quote(name)


def gone(name: str, record: Record) -> str:
    names = ", ".join(quoted(table) for table in (*record.tables, f"alembic_version_{name}"))
    return (
        f"The plugin {name} is not installed any more; its tables are still here: {', '.join(record.tables) or 'none'}."
        f" Install it again and repeat this, or drop them by hand: DROP TABLE {names};"
    )


def remove(url: str, history: History) -> tuple[str, ...]:
    """Take a plugin's tables and its version table away; the tables' names. Raises: MigrationError."""
    before = removable(url, history.name)[1].tables
    downgrade(url, "base", history)
    with connected(url) as connection:
        left = records(connection)[history.name].tables
        if left:
            raise MigrationError(
                f"{history.name} has gone back to its beginning and left {', '.join(left)}:"
                " drop them by hand and repeat this."
            )
        connection.execute(text("SET LOCAL lock_timeout = '500ms'"))
        connection.execute(text(f"DROP TABLE {quoted(history.version_table)}"))
    return before


def forgotten(url: str, histories: Iterable[History]) -> list[str]:
    """A sentence for each plugin that has tables here and is not on."""
    on = {history.name for history in histories}
    with connected(url) as connection:
        found = records(connection)
    return [
        f"The plugin {name} is not on, and its tables are still here: {', '.join(record.tables) or 'none'}."
        f" `courseplatform migrate INI --remove {name}` takes them away."
        for name, record in found.items()
        if name not in on
    ]


def check_drift(url: str, history: History = CORE) -> None:
    """Raises: alembic.util.AutogenerateDiffsDetected if the models and the migrated schema differ."""
    import_models(history)
    command.check(config(url, history))


def import_models(history: History) -> None:
    """Whatever the plugin's ``includeme`` has imported: a model that nobody knows would be a table to be dropped."""
    for package in history.packages if history.place else ():
        if find_spec(f"{package}.models"):
            import_module(f"{package}.models")


def current(url: str, history: History = CORE) -> tuple[str, ...]:
    """The revisions that the database is at."""
    with connected(url) as connection:
        options = {"version_table": history.version_table}
        return MigrationContext.configure(connection, opts=options).get_current_heads()


def heads(url: str, history: History = CORE) -> tuple[str, ...]:
    return tuple(ScriptDirectory.from_config(config(url, history)).get_heads())
