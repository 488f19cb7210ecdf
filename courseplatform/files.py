"""Files on local disk: streamed while they are hashed, limited in size, under keys the server makes.

A file saved in a transaction that is rolled back is removed again; one deleted goes after the commit.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import FileIter
from uuid_utils.compat import uuid7

from .errors import PayloadTooLarge

CHUNK_BYTES = 256 * 1024

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
    storage = request.registry["files"]
    request.tm.get().addAfterCommitHook(lambda is_committed: storage.delete(key) if is_committed else None)


def send_file(request: Request, key: str, *, name: str, size_bytes: int, sha256: str) -> Any:
    """The file as a download that no browser will run. Raises: FileNotFoundError."""
    from urllib.parse import quote

    response = request.response
    response.app_iter = FileIter(request.registry["files"].open(key), CHUNK_BYTES)
    response.content_length = size_bytes
    response.content_type = safe_type(name)
    ascii_name = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.etag = sha256
    response.conditional_response = True
    return response


def safe_type(name: str) -> str:
    return SAFE_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


def includeme(config: Configurator) -> None:
    config.add_request_method(save_file)
    config.add_request_method(delete_file)
    config.add_request_method(send_file)

    def open_storage() -> None:
        config.registry["files"] = LocalStorage(Path(config.registry.settings["courseplatform.var_dir"]) / "files")

    config.action("files", open_storage)
