"""Files and transactions: what one stores goes if it is rolled back, what one deletes goes once it has committed.

Where a connection ends amid the commit nobody knows which it was: then all files stay, and the sweep decides.
"""

import logging
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import IO

from pyramid.registry import Registry
from pyramid.request import Request
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..db import promise
from ..errors import Unavailable
from ..locks import lock_number
from .storage import FileStorage, StoredFile, UploadAddress

log = logging.getLogger(__name__)

#: Whoever has deleted a course waits no longer for the files of all its work to go.
PATIENCE_S = 2.0

#: An advisory lock of PostgreSQL: shared by those who remove files, held alone by a backup.
BACKUP_LOCK = lock_number("courseplatform.files")

Delete = Callable[[str], None]


def storage_of(request: Request) -> FileStorage:
    storage: FileStorage = request.registry["files"]
    return storage


def save_file(request: Request, stream: IO[bytes], max_bytes: int) -> StoredFile:
    """Store a file; it is removed if this transaction is rolled back or can't commit. Raises: PayloadTooLarge."""
    return keep(request, storage_of(request).save(stream, max_bytes))


def delete_file(request: Request, key: str) -> None:
    """Remove a file once this transaction has committed."""
    after_commit(request, storage_of(request).delete, key)


def offer_upload(
    request: Request, key: str, size_bytes: int, sha256: str, expires_at: datetime
) -> UploadAddress | None:
    """An address to which a client can send just these bytes past us; None if they have to be given to us."""
    return storage_of(request).offer(key, size_bytes, sha256, expires_at)


def receive_upload(request: Request, key: str, stream: IO[bytes], size_bytes: int, sha256: str) -> None:
    """Keep an upload that ``offer_upload`` has no address for. Raises: ValueError for other bytes than these."""
    storage_of(request).receive(key, stream, size_bytes, sha256)


def take_upload(request: Request, key: str, size_bytes: int, sha256: str) -> StoredFile:
    """Make a stored file of an upload, which goes once this transaction has committed.

    The file has another key, and nobody can change it any more. Raises: FileNotFoundError unless just these bytes came.
    """
    storage = storage_of(request)
    stored = keep(request, storage.take(key, size_bytes, sha256))
    after_commit(request, storage.discard, key)
    return stored


def discard_upload(request: Request, key: str) -> None:
    """Remove what came of an upload once this transaction has committed."""
    after_commit(request, storage_of(request).discard, key)


def keep(request: Request, stored: StoredFile) -> StoredFile:
    """The file, removed again if this transaction is rolled back or can't commit."""
    transaction = request.tm.get()
    doomed: list[tuple[Delete, str]] = [(storage_of(request).delete, stored.key)]

    def remove_if_certain(is_committed: bool) -> None:
        if is_committed:
            return
        if is_in_doubt(sys.exception()):
            log.warning("a file is left to the sweep: the connection ended amid the commit")
            doomed.clear()  # an abort may follow
        remove(doomed)

    transaction.addAfterCommitHook(remove_if_certain)
    transaction.addAfterAbortHook(remove, (doomed,))
    return stored


def is_in_doubt(error: BaseException | None) -> bool:
    """Whether a commit that failed with this error may have been done: its answer could not be read."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def after_commit(request: Request, delete: Delete, key: str) -> None:
    promise(request, remove_promised, (delete, key))


def remove_promised(registry: Registry, doomed: list[tuple[Delete, str]]) -> None:
    """Remove what no row names; but while a backup saves rows that did so, leave it to the sweep."""
    try:
        with registry["db.engine"].connect() as connection:
            if connection.scalar(select(no_backup_runs())):
                remove(doomed)
            else:
                log.info("a backup is made: %d files are left to the sweep", len(doomed))
    except SQLAlchemyError as error:
        log.warning("%d files are left to the sweep: %s", len(doomed), type(error).__name__)


def no_backup_runs() -> ColumnElement[bool]:
    """Whether no backup is being made; until the end of the asking transaction none is begun, then."""
    return func.pg_try_advisory_xact_lock_shared(BACKUP_LOCK)


def remove(doomed: list[tuple[Delete, str]]) -> None:
    """Remove now, while the storage answers and it takes no time: what is decided is done, whether it does or not."""
    until_s = time.monotonic() + PATIENCE_S
    for number, (delete, key) in enumerate(doomed):
        try:
            if time.monotonic() > until_s:
                raise Unavailable()
            delete(key)
        except Unavailable:
            log.warning("%d files are left to the sweep", len(doomed) - number)
            return
