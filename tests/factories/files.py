"""Storages of files, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from courseplatform.files import LocalFiles


@contextmanager
def keeping_files_in(registry: Any, storage: Any) -> Iterator[Any]:
    """Let an application keep its files in another storage meanwhile."""
    before, registry["files"] = registry["files"], storage
    try:
        yield storage
    finally:
        registry["files"] = before


def keys(storage: Any) -> set[str]:
    """Of all files that are stored."""
    return set(storage.keys_older_than(float("inf")))


def content(storage: Any, key: str, *part: int) -> bytes:
    """Of a file, from where a part of it begins."""
    stream = storage.open(key, *part)
    try:
        return stream.read()
    finally:
        stream.close()


def overwrite(storage: Any, key: str, body: bytes) -> None:
    """What only another hand does."""
    if isinstance(storage, LocalFiles):
        storage.path(key).write_bytes(body)
    else:
        storage.client.put_object(**storage.at(key), Body=body)
