"""The sweep: what a crash between storage and database has left behind.

A file goes when it is a day old and no column of ``add_file_owner`` names it; an upload when it is a day old.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, islice
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from sqlalchemy import ColumnElement, column, func, select, table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from ..db import Base
from .keeping import no_backup_runs, storage_of

#: Long after any request that stored a file has committed or been rolled back.
ORPHAN_AGE = timedelta(days=1)
SWEEP_EVERY_S = 6 * 3600
SWEEP_CHUNK = 500


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
    """Delete stored files that nothing names, and uploads that nobody took. Idempotent; idle while a backup is made."""
    storage = storage_of(request)
    before_s = (request.now - ORPHAN_AGE).timestamp()
    storage.discard_older_than(before_s)
    remember_owners(request)
    owners = known_owners(request.db)
    if not request.db.scalar(select(no_backup_runs())):
        return
    candidates = storage.keys_older_than(before_s)
    while keys := set(islice(candidates, SWEEP_CHUNK)):
        for owner in owners:
            key: ColumnElement[Any] = column(owner.column_name)
            keys -= set(request.db.scalars(select(key).select_from(table(owner.table_name)).where(key.in_(keys))))
        for orphan in keys:
            storage.delete(orphan)


def remember_owners(request: Request) -> None:
    """Write down whom the plugins that are on declare."""
    if declared := request.registry["files.owners"]:
        request.db.execute(insert(FileOwner).values(declared).on_conflict_do_nothing())


def known_owners(db: Session) -> list[FileOwner]:
    """Every owner that was ever declared and whose table is still there."""
    is_there = func.to_regclass(func.quote_ident(FileOwner.table_name)).is_not(None)
    return list(db.scalars(select(FileOwner).where(is_there)))


def named_keys(db: Session) -> set[str]:
    """The keys of all files that rows name."""

    def keys_of(owner: FileOwner) -> Iterator[str]:
        key: ColumnElement[str] = column(owner.column_name)
        yield from db.scalars(select(key).select_from(table(owner.table_name)).where(key.is_not(None)))

    return set(chain.from_iterable(keys_of(owner) for owner in known_owners(db)))
