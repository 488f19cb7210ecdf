"""Storages of files, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


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
