"""Restoring a backup, into an empty database. Nothing is changed before all of it has been looked at."""

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alembic.script import ScriptDirectory
from pyramid.registry import Registry
from sqlalchemy import Connection, func, select, text, update

from .. import migrations
from ..db import direct_url, script_request
from ..files.storage import FileStorage
from ..histories import CORE
from ..idempotency import fingerprint
from ..jobs.outbox import OutboxJob, is_undone
from .archive import Archive, BackupError, Manifest, sha256_of
from .making import MAX_BYTES, server_version
from .postgresql import Programs, connected

LOCK_TIMEOUT_MS = 5_000
HELD = "held by a restore"
#: What a database has that was used for anything; extensions, as managed databases bring them, apart.
RELATIONS = """
    SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
    ORDER BY relname LIMIT 5
"""


@dataclass(frozen=True)
class Restored:
    """``undone``: by name, how many jobs were promised and not done; ``has_same_secrets``: whether sealed rows open."""

    manifest: Manifest
    files_written: int
    undone: dict[str, int]
    has_same_secrets: bool


def restore_backup(registry: Registry, folder: Path, are_jobs_held: bool = False) -> Restored:
    """Files first, then the database in one transaction: repeat it if it was ended in between.

    ``are_jobs_held``: what was promised and not done is dead, until `courseplatform jobs retry`. Raises: BackupError.
    """
    archive = Archive(folder)
    manifest, sums = archive.check()
    require_known(registry, manifest)
    with connected(direct_url(registry.settings), LOCK_TIMEOUT_MS) as connection:
        require_empty(connection, manifest)
        programs = Programs(registry, server_version(connection))
        wanted = files_to_write(registry["files"], sums)
        for key in wanted:
            with archive.files.open(key) as stream:
                written = registry["files"].put(key, stream, MAX_BYTES)
            if written.sha256 != sums[key]:
                raise BackupError(f"{archive.path(key)} has changed meanwhile.")
        require_empty(connection, manifest)
        programs.restore(archive.database)
        connection.execute(text("ANALYZE"))
    undone = undone_jobs(registry)
    if are_jobs_held:
        hold_jobs(registry)
    return Restored(manifest, len(wanted), undone, manifest.secrets == fingerprint(registry))


def require_known(registry: Registry, manifest: Manifest) -> None:
    """Raises: BackupError if newer code than this has made the tables."""
    url = direct_url(registry.settings)
    for history in (CORE, *registry["migrations"]):
        scripts = ScriptDirectory.from_config(migrations.config(url, history)).walk_revisions()
        unknown = set(manifest.revisions.get(history.name, ())) - {script.revision for script in scripts}
        if unknown:
            raise BackupError(
                f"The backup is at revision {', '.join(sorted(unknown))} of {history.name}, which the code here does"
                f" not know: install what made it (courseplatform {manifest.platform}) or newer."
            )


def require_empty(connection: Connection, manifest: Manifest) -> None:
    """Raises: BackupError."""
    if there := connection.scalars(text(RELATIONS)).all():
        raise BackupError(
            f"The database is not empty: it has {', '.join(there)} … A backup is restored into a new database; nothing"
            " was changed."
        )
    own, its = server_version(connection) // 10_000, manifest.server_version // 10_000
    if own < its:
        raise BackupError(f"The server is PostgreSQL {own}, the backup is of {its}: take {its} or newer.")


def files_to_write(storage: FileStorage, sums: dict[str, str]) -> list[str]:
    """The keys that are not there yet. Raises: BackupError if another file is there under one of them."""
    wanted = []
    for key, expected in sums.items():
        try:
            stream = storage.open(key)
        except FileNotFoundError:
            wanted.append(key)
            continue
        with closing(stream):
            found = sha256_of(stream)
        if found != expected:
            raise BackupError(
                f"The file {key} is there already, with other bytes than the backup has: move it away. Nothing was"
                " changed."
            )
    return wanted


def undone_jobs(registry: Registry) -> dict[str, int]:
    with script_request(registry) as request:
        counted = select(OutboxJob.name, func.count()).where(is_undone()).group_by(OutboxJob.name)
        return dict(request.db.execute(counted.order_by(OutboxJob.name)).all())


def hold_jobs(registry: Registry) -> None:
    """Nobody runs what is undone until an operator says so."""
    with script_request(registry) as request:
        request.db.execute(update(OutboxJob).where(is_undone()).values(dead_at=datetime.now(UTC), last_error=HELD))
