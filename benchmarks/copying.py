"""Rows for COPY, and a connection that takes them."""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import psycopg2
from psycopg2 import extensions


class Ids:
    """UUIDs of version 7, in the order of time."""

    def __init__(self, kind: str) -> None:
        self.bits = random.Random(kind).getrandbits

    def at(self, ms: int) -> str:
        digits = f"{ms:012x}7{self.bits(12):03x}{self.bits(62) | 1 << 63:016x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def moment(ms: int) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)).isoformat()


def moment_of(row_id: str) -> str:
    """When it was made."""
    return moment(int(row_id[:8] + row_id[9:13], 16))


class Lines:
    """Rows as COPY reads them. Nothing here has to be escaped."""

    def __init__(self, rows: Iterable[Iterable[Any]]) -> None:
        self.lines = ("\t".join(["\\N" if cell is None else str(cell) for cell in row]) + "\n" for row in rows)

    def read(self, size: int = -1) -> str:
        return "".join(islice(self.lines, 100))


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """A connection that may wait, and copy: psycopg2 refuses to under the platform's wait callback."""
    callback = extensions.get_wait_callback()
    extensions.set_wait_callback(None)
    connection = psycopg2.connect(url.replace("postgresql+psycopg2:", "postgresql:"))
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()
        extensions.set_wait_callback(callback)
