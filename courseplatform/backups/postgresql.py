"""PostgreSQL's own programs, run so that no password is ever among their arguments or in their environment."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg2.extensions import parse_dsn
from pyramid.registry import Registry
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url

from ..db import direct_url
from ..embedded import import_server
from .archive import BackupError

#: How long pg_dump waits for a table that a migration holds.
LOCK_WAIT_MS = 30_000
NO_LIMITS = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c timezone=UTC"
SERVICE = "courseplatform"


#: From 17 on, pg_restore always sets a time limit that older servers don't know.
SUITS = "an older program can't read it, and from 17 on none writes what a server before 17 takes"


def suits(program: int, server: int) -> bool:
    return program >= server and (program < 17 or server >= 17)


# What is run is named here; only its folder comes from the settings. No shell reads any of it.
class Programs:
    """pg_dump and pg_restore, from one folder. Raises: BackupError if they are missing, or don't suit the server."""

    def __init__(self, registry: Registry, server_version: int) -> None:
        self.url = direct_url(registry.settings)
        self.folder = folder_of_programs(registry)
        for name in ("pg_dump", "pg_restore"):
            asked = [self.path(name), "--version"]
            told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout  # noqa: S603 - see above
            major = int(re.findall(r"\d+", told)[0])
            if not suits(major, server_version // 10_000):
                raise BackupError(
                    f"{self.path(name)} is of PostgreSQL {major} and the server of {server_version // 10_000}: {SUITS}."
                    " Install the postgresql-client of the server's version, or name its folder as"
                    " backup.postgresql_bin."
                )

    def path(self, name: str) -> str:
        found = shutil.which(name, path=self.folder)
        if found is None:
            where = self.folder or "the PATH"
            raise BackupError(
                f"There is no {name} in {where}: install postgresql-client, of the server's version or newer, or name"
                " its folder as backup.postgresql_bin."
            )
        return found

    def dump(self, snapshot: str, target: Path) -> None:
        """What the database holds in an exported snapshot. Raises: BackupError."""
        wait = f"--lock-wait-timeout={LOCK_WAIT_MS}"
        self.run("pg_dump", "--format=custom", f"--snapshot={snapshot}", wait, f"--file={target}")

    def restore(self, source: Path) -> None:
        """Into the database, in one transaction: all of it or nothing. Raises: BackupError."""
        how = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
        self.run("pg_restore", *how, f"--dbname=service={SERVICE}", str(source))

    def run(self, name: str, *arguments: str) -> None:
        # The way to the database is in a file that nobody else reads: arguments, and environments too, show in `ps`.
        with tempfile.TemporaryDirectory(prefix="courseplatform-") as folder:
            service = Path(folder) / "service"
            service.touch(mode=0o600)
            dsn = parse_dsn(make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False))
            service.write_text("\n".join([f"[{SERVICE}]", *(f"{key}={value}" for key, value in dsn.items()), ""]))
            kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "DATABASE_"))}
            environ = {**kept, "PGSERVICEFILE": str(service), "PGSERVICE": SERVICE}
            command = [self.path(name), "--no-password", *arguments]
            done = subprocess.run(command, env=environ, stderr=subprocess.PIPE, text=True)  # noqa: S603 - see above
        if done.returncode:
            raise BackupError(f"{name} has failed: {done.stderr.strip()}")


def folder_of_programs(registry: Registry) -> str | None:
    """Where the settings say; with the embedded PostgreSQL, its own. None: on the PATH."""
    settings = registry.settings
    if settings["backup.postgresql_bin"]:
        return str(settings["backup.postgresql_bin"])
    if settings["courseplatform.embedded"]:
        server = import_server(Path(settings["courseplatform.var_dir"]))
        return str(server.utils.POSTGRES_VERSIONS[server.utils.TARGET_POSTGRES_VERSION])
    return None


@contextmanager
def connected(url: str, lock_timeout_ms: int) -> Iterator[Connection]:
    """A connection of its own that no time limit of the platform ends; in AUTOCOMMIT."""
    options = f"{NO_LIMITS} -c lock_timeout={lock_timeout_ms} -c idle_session_timeout=0"
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"options": options})
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
