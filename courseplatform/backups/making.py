"""Making a backup, beside the running platform."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from psycopg2.errors import LockNotAvailable
from pyramid.registry import Registry
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from .. import migrations
from ..db import direct_url, script_request
from ..files.keeping import BACKUP_LOCK
from ..files.storage import FileStorage
from ..files.sweeping import named_keys, remember_owners
from ..histories import CORE
from ..idempotency import fingerprint
from .archive import Archive, BackupError, Manifest, finished, flush, hash_of, name_of, remove, unfinished
from .postgresql import Programs, connected

#: For those who remove files just now, and for another backup.
LOCK_PATIENCE_MS = 120_000
#: What a storage takes at all.
MAX_BYTES = 1 << 50


def make_backup(registry: Registry, into: Path) -> tuple[Archive, Manifest]:
    """Save everything in a new folder in ``into``. Raises: BackupError; Unavailable if S3 can't be reached."""
    url = direct_url(registry.settings)
    revisions = present_revisions(registry)
    with script_request(registry) as request:
        remember_owners(request)
    with held_still(url) as connection:
        programs = Programs(registry, server_version(connection))
        for path in unfinished(into):
            remove(path)
        made_at = datetime.now(UTC)
        before = finished(into)
        archive = Archive(into / f"{name_of(made_at)}.part")
        archive.folder.mkdir(mode=0o700, parents=True)
        keys = dump(programs, archive)
        sums, missing = copy_files(registry["files"], keys, archive, before[-1] if before else None)
        archive.write_sums(sums)
        manifest = Manifest(
            made_at=made_at.isoformat(),
            platform=version("courseplatform"),
            server_version=server_version(connection),  # and the lock was held all the time
            revisions=revisions,
            secrets=fingerprint(registry),
            database_bytes=archive.database.stat().st_size,
            database_sha256=hash_of(archive.database),
            files_count=len(sums),
            files_bytes=sum((archive.folder / archive.path(key)).stat().st_size for key in sums),
            files_sha256=hash_of(archive.sums),
            missing=missing,
        )
        archive.write_manifest(manifest)
        return finish(archive), manifest


def present_revisions(registry: Registry) -> dict[str, list[str]]:
    """Of core and of the plugins that are on. Raises: BackupError if the database has no tables of ours."""
    url = direct_url(registry.settings)
    found = {history.name: list(migrations.current(url, history)) for history in (CORE, *registry["migrations"])}
    if not found[CORE.name]:
        raise BackupError("The database has no schema of the platform: there is nothing to back up.")
    return found


@contextmanager
def held_still(url: str) -> Iterator[Connection]:
    """While no file is removed: a connection that sees to it. Raises: BackupError."""
    with connected(url, LOCK_PATIENCE_MS) as connection:
        try:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": BACKUP_LOCK})
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            raise BackupError("Another backup is being made, or files removed, for two minutes now.") from None
        yield connection


def dump(programs: Programs, archive: Archive) -> list[str]:
    """Dump a snapshot of the database; the keys of the files that its rows name. Raises: BackupError."""
    with connected(str(programs.url), LOCK_PATIENCE_MS) as reading:
        reading = reading.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with Session(bind=reading) as db:
            snapshot = db.scalar(text("SELECT pg_export_snapshot()"))
            keys = named_keys(db)
            programs.dump(str(snapshot), archive.database)
    archive.database.chmod(0o600)
    return sorted(keys)


def copy_files(
    storage: FileStorage, keys: Iterable[str], archive: Archive, before: Archive | None
) -> tuple[dict[str, str], list[str]]:
    """The hash of each file, by key; and the keys of those that are lost."""
    known = before.read_sums() if before else {}
    sums, missing = {}, []
    for key in keys:
        if before and key in known and link(before, archive, key):
            sums[key] = known[key]
            continue
        try:
            stream = storage.open(key)
        except FileNotFoundError:
            missing.append(key)
            continue
        with closing(stream):
            sums[key] = archive.files.put(key, stream, MAX_BYTES).sha256
    return sums, missing


def link(before: Archive, archive: Archive, key: str) -> bool:
    """Have a file of the last backup a second time; False where that can't be done, or it has gone."""
    source, target = before.folder / before.path(key), archive.folder / archive.path(key)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def finish(archive: Archive) -> Archive:
    """Give it its name, once all of it is on the disk."""
    for path in (archive.database, archive.sums, archive.manifest, *archive.folder.glob("files/*"), archive.folder):
        if path.exists():
            flush(path)
    named = archive.folder.with_suffix("")
    archive.folder.rename(named)
    flush(named.parent)
    return Archive(named)


def forget_all_but(into: Path, count: int) -> list[Path]:
    """Delete the oldest backups; their folders."""
    old = [archive.folder for archive in finished(into)[:-count]]
    for folder in old:
        remove(folder)
    return old


def server_version(connection: Connection) -> int:
    """As 170006."""
    return int(connection.scalar(text("SELECT current_setting('server_version_num')")) or 0)
