"""Files on local disk: streamed while they are hashed, limited in size, under keys the server makes.

A file saved in a transaction that is rolled back is removed again; one deleted goes after the commit. What a crash
between the two leaves behind is swept: a file that is a day old and that no column of ``add_file_owner`` names.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote
from uuid import UUID

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import FileIter
from sqlalchemy import ColumnElement, column, func, select, table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from .db import Base, promise
from .errors import PayloadTooLarge

CHUNK_BYTES = 256 * 1024

#: Long after any request that stored a file has committed or been rolled back.
ORPHAN_AGE = timedelta(days=1)
SWEEP_EVERY_S = 6 * 3600
SWEEP_CHUNK = 500

#: The only types a file is ever served with; everything else is ``application/octet-stream``.
SAFE_TYPES = {
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".md": "text/plain",
    ".csv": "text/csv",
    ".json": "application/json",
    ".zip": "application/zip",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
}


@dataclass(frozen=True)
class StoredFile:
    key: str
    size_bytes: int
    sha256: str


class LocalStorage:
    """Files under one folder, fanned out by the key's last two characters (its first ones are a clock)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        return self.folder / key[-2:] / str(UUID(key))

    def save(self, stream: IO[bytes], max_bytes: int) -> StoredFile:
        """Write the stream. Raises: PayloadTooLarge as soon as it passes ``max_bytes``."""
        key = str(uuid7())
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, size_bytes = hashlib.sha256(), 0
        try:
            with path.open("xb") as target:
                while chunk := stream.read(CHUNK_BYTES):
                    size_bytes += len(chunk)
                    if size_bytes > max_bytes:
                        raise PayloadTooLarge()
                    digest.update(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return StoredFile(key, size_bytes, digest.hexdigest())

    def open(self, key: str) -> IO[bytes]:
        """Raises: FileNotFoundError."""
        return self.path(key).open("rb")

    def delete(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def keys_older_than(self, timestamp_s: float) -> Iterator[str]:
        """Keys of files last written before a POSIX time: candidates of an orphan sweep."""
        for path in self.folder.glob("*/*"):
            if path.is_file() and path.stat().st_mtime < timestamp_s:
                yield path.name


def save_file(request: Request, stream: IO[bytes], max_bytes: int) -> StoredFile:
    """Store a file; it is removed if this transaction is rolled back or can't commit. Raises: PayloadTooLarge."""
    storage = request.registry["files"]
    stored = storage.save(stream, max_bytes)
    transaction = request.tm.get()
    transaction.addAfterAbortHook(storage.delete, (stored.key,))
    transaction.addAfterCommitHook(lambda is_committed: None if is_committed else storage.delete(stored.key))
    return stored


def delete_file(request: Request, key: str) -> None:
    """Remove a file once this transaction has committed."""
    promise(request, delete_files, key)


def delete_files(registry: Any, keys: list[str]) -> None:
    for key in keys:
        registry["files"].delete(key)


def send_file(request: Request, key: str, *, name: str, size_bytes: int, sha256: str) -> Any:
    """The file as a download that no browser will run. Raises: FileNotFoundError."""
    return send_download(request, request.registry["files"].open(key), name, size_bytes, sha256)


def send_bytes(request: Request, content: bytes, *, name: str) -> Any:
    """What lies in no storage, answered exactly as ``send_file`` would."""
    return send_download(request, BytesIO(content), name, len(content), hashlib.sha256(content).hexdigest())


def send_download(request: Request, stream: IO[bytes], name: str, size_bytes: int, sha256: str) -> Any:
    response = request.response
    response.app_iter = FileIter(stream, CHUNK_BYTES)
    response.content_length = size_bytes
    response.content_type = safe_type(name)
    make_attachment(response, name)
    response.etag = sha256
    response.conditional_response = True
    return response


def make_attachment(response: Any, name: str) -> None:
    """Let a response be saved under this name, and run by no browser."""
    ascii_name = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"


def safe_type(name: str) -> str:
    return SAFE_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


class FileOwner(Base):
    """A column that names stored files. It is remembered: with its plugin off, its rows still name theirs."""

    __tablename__ = "file_owners"

    table_name: Mapped[str] = mapped_column(primary_key=True)
    column_name: Mapped[str] = mapped_column(primary_key=True)


def add_file_owner(config: Configurator, attribute: Any) -> None:
    """Declare a model's column (or its dotted name) that holds keys of stored files.

    A file that no such column names is deleted after a day. The sweep looks keys up: index the column.
    """
    attribute = config.maybe_dotted(attribute)
    owner = {"table_name": attribute.class_.__table__.name, "column_name": attribute.expression.name}
    config.action(("file owner", *owner.values()), lambda: config.registry["files.owners"].append(owner))


def sweep_files(request: Request) -> None:
    """Delete stored files that nothing names: what a crash left between disk and database. Idempotent."""
    storage, owners = request.registry["files"], known_owners(request)
    candidates = storage.keys_older_than((request.now - ORPHAN_AGE).timestamp())
    while keys := set(islice(candidates, SWEEP_CHUNK)):
        for owner in owners:
            key: ColumnElement[Any] = column(owner.column_name)
            keys -= set(request.db.scalars(select(key).select_from(table(owner.table_name)).where(key.in_(keys))))
        for orphan in keys:
            storage.delete(orphan)


def known_owners(request: Request) -> list[FileOwner]:
    """Every owner that was ever declared and whose table is still there."""
    if declared := request.registry["files.owners"]:
        request.db.execute(insert(FileOwner).values(declared).on_conflict_do_nothing())
    is_there = func.to_regclass(func.quote_ident(FileOwner.table_name)).is_not(None)
    return list(request.db.scalars(select(FileOwner).where(is_there)))


def includeme(config: Configurator) -> None:
    config.registry["files.owners"] = []
    config.add_directive("add_file_owner", add_file_owner)
    config.add_periodic_job(sweep_files, every_s=SWEEP_EVERY_S)

    def open_storage() -> None:
        config.registry["files"] = LocalStorage(Path(config.registry.settings["courseplatform.var_dir"]) / "files")

    config.action("files", open_storage)
