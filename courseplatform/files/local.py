"""Files on local disk."""

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import UUID

from uuid_utils.compat import uuid7

from ..errors import PayloadTooLarge, Unavailable
from .storage import CHUNK_BYTES, Measured, StoredFile, Stream, UploadAddress

log = logging.getLogger(__name__)

#: What a disk says that takes nothing now: it is full, or used up by us, broken, read-only.
TAKES_NOTHING = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)


class LocalFiles:
    """Files under one folder, fanned out by the key's last two characters (its first ones are a clock).

    Uploads are beneath it in ``incoming``; one that is there is whole, and is just what was announced.
    ``accel_prefix``: where a proxy has the folder, if one does.
    """

    def __init__(self, folder: Path, accel_prefix: str | None = None) -> None:
        self.folder, self.accel_prefix = folder, accel_prefix

    def path(self, key: str) -> Path:
        return self.folder / key[-2:] / str(UUID(key))

    def incoming(self, key: str) -> Path:
        return self.folder / "incoming" / str(UUID(key))

    def save(self, stream: Stream, max_bytes: int) -> StoredFile:
        return self.put(str(uuid7()), stream, max_bytes)

    def put(self, key: str, stream: Stream, max_bytes: int) -> StoredFile:
        measured, part = Measured(stream, max_bytes), self.part(key)
        write(part, measured)
        try:
            self.link(part, key)  # whole, or not there: whoever is killed before leaves nothing under the key
        finally:
            part.unlink()
        return measured.stored(key)

    def part(self, key: str) -> Path:
        """Where a file grows."""
        path = self.incoming(key)
        return path.with_name(f"{path.name}.{uuid7()}")

    def link(self, path: Path, key: str) -> None:
        """Give a whole file a second name, by its key. Raises: FileExistsError: what is there already stays."""
        with writing():
            self.path(key).parent.mkdir(parents=True, exist_ok=True)
            os.link(path, self.path(key))

    def open(self, key: str, start: int = 0, stop: int | None = None) -> IO[bytes]:
        stream = self.path(key).open("rb")
        stream.seek(start)
        return stream

    def check(self, key: str) -> None:
        self.path(key).stat()

    def address_of(self, key: str, *, disposition: str, content_type: str) -> str | None:
        return None

    def proxied_at(self, key: str) -> str | None:
        return self.accel_prefix and self.accel_prefix + self.path(key).relative_to(self.folder).as_posix()

    def delete(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def keys_older_than(self, timestamp_s: float) -> Iterator[str]:
        for path in self.folder.glob("??/*"):
            if is_older(path, timestamp_s):
                yield path.name

    def offer(self, key: str, size_bytes: int, sha256: str, expires_at: datetime) -> UploadAddress | None:
        return None

    def receive(self, key: str, stream: Stream, size_bytes: int, sha256: str) -> None:
        part, measured = self.part(key), Measured(stream, size_bytes)
        try:
            write(part, measured)
        except PayloadTooLarge as error:
            raise ValueError("more bytes than announced") from error
        if measured.stored(key) != StoredFile(key, size_bytes, sha256):
            part.unlink()
            raise ValueError("other bytes than announced")
        part.replace(self.incoming(key))

    def take(self, key: str, size_bytes: int, sha256: str) -> StoredFile:
        taken, path = str(uuid7()), self.incoming(key)
        with writing():
            os.utime(path)  # new as a file, however long it has been waiting: else the sweep may think it lost
        self.link(path, taken)  # who uploads once more replaces the first name, and changes no byte
        return StoredFile(taken, size_bytes, sha256)

    def discard(self, key: str) -> None:
        self.incoming(key).unlink(missing_ok=True)

    def discard_older_than(self, timestamp_s: float) -> None:
        for path in self.folder.glob("incoming/*"):
            if is_older(path, timestamp_s):
                path.unlink(missing_ok=True)


def write(path: Path, stream: Measured) -> None:
    """Write a new file to disk; nothing is left of it if the stream breaks. Raises: Unavailable."""
    with writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        target = path.open("xb")  # what is there already stays
        try:
            with target:
                while chunk := stream.read(CHUNK_BYTES):
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise


@contextmanager
def writing() -> Iterator[None]:
    """Raises: Unavailable where the disk takes nothing."""
    try:
        yield
    except OSError as error:
        if error.errno not in TAKES_NOTHING:
            raise
        log.error("the disk of the files fails: %s", os.strerror(error.errno))
        raise Unavailable() from error


def is_older(path: Path, timestamp_s: float) -> bool:
    try:
        return path.is_file() and path.stat().st_mtime < timestamp_s
    except FileNotFoundError:  # gone meanwhile
        return False
