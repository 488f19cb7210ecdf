"""The sweep: what a crash between storage and database has left behind.

A file goes when it is a day old and no column of ``add_file_owner`` names it; an upload when it is a day old.
"""

from datetime import timedelta
from itertools import islice
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from sqlalchemy import ColumnElement, column, func, select, table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .keeping import storage_of

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
    """Delete stored files that nothing names, and uploads that nobody took. Idempotent."""
    storage, owners = storage_of(request), known_owners(request)
    before_s = (request.now - ORPHAN_AGE).timestamp()
    storage.discard_older_than(before_s)
    candidates = storage.keys_older_than(before_s)
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
