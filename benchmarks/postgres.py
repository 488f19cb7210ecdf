"""The PostgreSQL of the benchmarks, set up as for production, and a database of the world for each system.

Each has a copy: all begin with the same rows, and what one writes makes no other's tables longer.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from courseplatform.embedded import import_server, start_postgres
from courseplatform.histories import core_folder
from courseplatform.migrations import migrate

from .copying import connected
from .processor import parent, seconds_of
from .shape import Shape
from .world import World, build

#: For the embedded one. The rest is PostgreSQL's default, as are fsync and synchronous_commit.
SETTINGS = {
    "shared_buffers": "512MB",
    "max_connections": "200",
    "max_wal_size": "4GB",  # no checkpoint for its sake while something is measured
    "checkpoint_timeout": "30min",
}
#: ``cost`` of passwords whose hashes cost nothing, where nobody asks how fast people sign in.
CHEAP = {"memory_kib": 64, "rounds": 1}
#: What the table says of a server.
SHOWN = ("server_version", "shared_buffers", "fsync", "synchronous_commit", "max_wal_size")


class Server:
    """``process_id``: of the postmaster; None if it runs elsewhere, then nobody knows what it costs."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        with connected(url) as connection:
            self.process_id = parent(connection.get_backend_pid())
        self.settings = {name: self.ask(f"SHOW {name}")[0][0] for name in SHOWN}

    @property
    def cpu_s(self) -> float:
        return seconds_of(self.process_id) if self.process_id else 0.0

    def ask(self, sql: str, *parameters: Any, url: str | None = None) -> Any:
        with connected(url or self.url) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else None

    def url_of(self, database: str) -> str:
        return sa.make_url(self.url).set(database=database).render_as_string(hide_password=False)

    def make(self, database: str, template: str | None = None) -> str:
        """A new database in place of an old one: its URL."""
        self.ask(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self.ask(f"CREATE DATABASE {database}" + (f" TEMPLATE {template} STRATEGY file_copy" if template else ""))
        return self.url_of(database)

    def world(self, shape: Shape, cost: Mapping[str, int]) -> tuple[str, World]:
        """The name of the database of a world and what is in it; built unless an earlier run has left it.

        ``cost``: of a password's hash, as ``build`` takes it.
        """
        database = "_".join(["world", str(shape.submissions), *map(str, cost.values()), made_of()])
        told = self.folder / f"{database}.json"
        if not told.exists() or not self.ask("SELECT 1 FROM pg_database WHERE datname = %s", database):
            url = self.make(database)
            migrate(url)
            build(url, shape, **cost).save(told)
            self.ask("CHECKPOINT")
        return database, World.load(told)


def made_of() -> str:
    """Tells worlds apart that were built by other code or for other tables."""
    parts = [Path(__file__).with_name(f"{name}.py") for name in ("building", "copying", "shape", "world")]
    parts += sorted(core_folder().rglob("*.py"))
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:8]


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """The one that ``DATABASE_URL`` names, as it is; else an embedded one, with its data in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    if given := os.environ.get("DATABASE_URL"):
        yield Server(given, folder)
        return
    data = folder / "data"
    url = start_postgres(data, "postgres")
    for name, value in SETTINGS.items():
        Server(url, folder).ask(f"ALTER SYSTEM SET {name} = '{value}'")
    embedded = import_server(folder).get_server(data)
    embedded.stop()
    embedded.ensure_postgres_running()
    yield Server(url, folder)


@contextmanager
def workplace(name: str, keep: Path | None) -> Iterator[tuple[Path, Server]]:
    """A folder for what is measured, and the PostgreSQL beside it, whose data stay in ``keep``, if that is given."""
    with (
        tempfile.TemporaryDirectory(prefix=f"{name}-", ignore_cleanup_errors=True) as made,
        running_server(keep.resolve() if keep else Path(made) / "postgres") as server,
    ):
        yield Path(made), server
