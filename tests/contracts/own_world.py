"""A world of one's own, for what runs outside of pytest; and acting in one so that nothing stays."""

import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from courseplatform import migrations, testing

ROOT = Path(__file__).resolve().parents[2]


def built_in_plugins() -> list[str]:
    """Those that pytest switches on."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    return list(options["courseplatform_plugins"])


@contextmanager
def own_stage() -> Iterator[tuple[testing.Client, sa.Connection]]:
    """A server, an empty database, and an application in which all is done on one connection."""
    testing.PLUGINS[:] = built_in_plugins()
    with (
        tempfile.TemporaryDirectory(prefix="courseplatform-", ignore_cleanup_errors=True) as folder,
        testing.embedded_server(Path(folder) / "data") as server_url,
        testing.fresh_database(server_url) as url,
    ):
        app = testing.make_app(url, Path(folder) / "var")
        migrations.migrate_all(url, app.registry["migrations"])
        with testing.rolled_back(app) as (client, connection):
            yield client, connection
        app.registry["db.engine"].dispose()


@contextmanager
def own_world() -> Iterator[tuple[Any, sa.Connection]]:
    """The same, with the world in it."""
    with own_stage() as (client, connection):
        from tests.contracts.world import World  # not earlier: it asks which plugins are on

        yield World(client), connection


@contextmanager
def taken_back(connection: sa.Connection) -> Iterator[None]:
    """What is written meanwhile is not. SQLAlchemy's savepoints stay open, one in another, until the locks run out."""
    connection.execute(sa.text("SAVEPOINT attempt"))
    try:
        yield
    finally:
        connection.execute(sa.text("ROLLBACK TO SAVEPOINT attempt"))
        connection.execute(sa.text("RELEASE SAVEPOINT attempt"))
