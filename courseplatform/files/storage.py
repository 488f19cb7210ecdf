"""What a storage of files can do, whichever it is; and what is alike in all of them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ..errors import PayloadTooLarge

CHUNK_BYTES = 256 * 1024


class Stream(Protocol):
    """Bytes that are read once."""

    def read(self, size: int, /) -> bytes: ...


class ClosableStream(Stream, Protocol):
    def close(self) -> object: ...


@dataclass(frozen=True)
class StoredFile:
    key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class UploadAddress:
    """Where a client may send announced bytes, past us: ``method``, ``url`` and the ``headers`` that belong to it."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "PUT"


class FileStorage(Protocol):
    """Files under keys that the server makes: none is ever written twice.

    What clients upload by themselves lies apart, under a key of its own, until it is taken: only then it has a key
    here, to which no address for uploading leads. Every method may raise Unavailable.
    """

    def save(self, stream: Stream, max_bytes: int) -> StoredFile:
        """Store the stream, held in memory by parts only. Raises: PayloadTooLarge as soon as it passes the limit."""

    def put(self, key: str, stream: Stream, max_bytes: int) -> StoredFile:
        """``save`` under a key of ours that has no file: one that a backup has kept. Raises: PayloadTooLarge."""

    def open(self, key: str, start: int = 0, stop: int | None = None) -> ClosableStream:
        """The bytes from ``start`` to before ``stop``. Raises: FileNotFoundError."""

    def check(self, key: str) -> None:
        """Raises: FileNotFoundError."""

    def address_of(self, key: str, *, disposition: str, content_type: str) -> str | None:
        """Where for some minutes the file can be had without us; None if it can't."""

    def proxied_at(self, key: str) -> str | None:
        """Where the proxy in front has the file, and sends it in our place; None if it can't."""

    def delete(self, key: str) -> None:
        """Idempotent."""

    def keys_older_than(self, timestamp_s: float) -> Iterator[str]:
        """Keys of files last written before a POSIX time: candidates of an orphan sweep."""

    def offer(self, key: str, size_bytes: int, sha256: str, expires_at: datetime) -> UploadAddress | None:
        """An address that takes just these bytes, and nothing else; None if they have to come through us."""

    def receive(self, key: str, stream: Stream, size_bytes: int, sha256: str) -> None:
        """Keep an upload that comes through us. Raises: ValueError for other bytes than these."""

    def take(self, key: str, size_bytes: int, sha256: str) -> StoredFile:
        """Make a file of an upload. Raises: FileNotFoundError unless just these bytes have come."""

    def discard(self, key: str) -> None:
        """Forget an upload. Idempotent."""

    def discard_older_than(self, timestamp_s: float) -> None:
        """Forget every upload last written before a POSIX time."""


class Measured:
    """A stream that counts and hashes what is read of it. Raises: PayloadTooLarge as soon as it passes the limit."""

    def __init__(self, stream: Stream, max_bytes: int) -> None:
        self.stream, self.max_bytes = stream, max_bytes
        self.size_bytes, self.digest = 0, hashlib.sha256()

    def read(self, size: int) -> bytes:
        chunk = self.stream.read(size)
        self.size_bytes += len(chunk)
        if self.size_bytes > self.max_bytes:
            raise PayloadTooLarge()
        self.digest.update(chunk)
        return chunk

    def read_part(self, size: int) -> bytes:
        """As many bytes, or what is left."""
        part = bytearray()
        while len(part) < size and (chunk := self.read(min(CHUNK_BYTES, size - len(part)))):
            part += chunk
        return bytes(part)

    def stored(self, key: str) -> StoredFile:
        return StoredFile(key, self.size_bytes, self.digest.hexdigest())


class Chunks:
    """A stream as the body of an answer: ``size_bytes`` of it, held in memory a chunk at a time."""

    def __init__(self, stream: Any, size_bytes: int) -> None:
        self.stream, self.left = stream, size_bytes

    def __iter__(self) -> "Chunks":
        return self

    def __next__(self) -> bytes:
        chunk: bytes = self.stream.read(min(CHUNK_BYTES, self.left)) if self.left else b""
        if not chunk:
            raise StopIteration
        self.left -= len(chunk)
        return chunk

    def close(self) -> None:
        self.stream.close()
