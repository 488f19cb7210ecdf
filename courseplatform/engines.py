"""Engines: however it is reached, no statement of ours waits longer than promised (docs/trust.md).

The server ends what takes too long; where it can't, being frozen or away, ``database_connection`` does.
"""

import logging
from typing import Any
from uuid import UUID, SafeUUID

import psycopg2
from psycopg2 import extensions
from sqlalchemy import Connection, Engine, create_engine, event

from .database_connection import bound_waits
from .measuring import count_statements
from .prepared import prepare_statements

log = logging.getLogger(__name__)

LOST_BOUNDS = (
    "the time limits of statements do not reach PostgreSQL: database.url leads to a pooler that drops them; name"
    " PostgreSQL itself as database.direct_url"
)


def make_engine(settings: dict[str, Any], url: str, *, is_pooled: bool) -> Engine:
    """An engine whose every wait is bounded, and whose statements count for their request.

    Its connections rest in autocommit, and leave it with each transaction but those of ``connect_to_read``:
    SQLAlchemy's own way of changing it asks the server twice.

    ``is_pooled``: perhaps by PgBouncer in transaction mode, where every transaction meets another connection of the
    server: it brings its bounds along.
    """
    bounds = {
        "statement_timeout": settings["database.statement_timeout_ms"],
        "lock_timeout": settings["database.lock_timeout_ms"],
        "idle_in_transaction_session_timeout": 15_000,
        "timezone": "UTC",
    }
    options = {} if is_pooled else {"options": " ".join(f"-c {name}={value}" for name, value in bounds.items())}
    engine = create_engine(
        url,
        pool_size=settings["database.pool_size"],
        max_overflow=settings["database.pool_overflow"],
        pool_timeout=2,
        pool_pre_ping=True,
        skip_autocommit_rollback=True,
        hide_parameters=True,  # errors would repeat them, and they hold what people sent
        connect_args={"application_name": "courseplatform", **options},
    )
    event.listen(engine, "connect", lambda connection, record: extensions.register_type(UUIDS, connection))
    bound_waits(engine, settings["database.statement_timeout_ms"] / 1000)
    leave_autocommit(engine)
    if is_pooled:
        bring_bounds(engine, "".join(f"SET LOCAL {name} = '{value}'; " for name, value in bounds.items()))
    else:
        refuse_lost_bounds(engine, bounds["statement_timeout"])
        prepare_statements(engine)
    count_statements(engine)
    return engine


UNKNOWN = SafeUUID.unknown  # to look it up in its enum takes longer than all the rest


def read_uuid(text: str | None, cursor: Any) -> UUID | None:
    """``UUID(text)`` at half its price, for a page has a hundred: what PostgreSQL writes needs no second look."""
    if text is None:
        return None
    made = object.__new__(UUID)
    object.__setattr__(made, "int", int(text.replace("-", ""), 16))
    object.__setattr__(made, "is_safe", UNKNOWN)
    return made


UUIDS = extensions.new_type((2950,), "UUID", read_uuid)


def connect_to_read(engine: Engine) -> Connection:
    """A connection for who only reads: each statement by itself, without a transaction around it."""
    connection = engine.connect()
    raw_of(connection).stays_in_autocommit = True
    return connection


def raw_of(connection: Connection) -> Any:
    """psycopg2's."""
    return connection.connection.dbapi_connection


def leave_autocommit(engine: Engine) -> None:
    """With each transaction, but of who only reads or has asked for AUTOCOMMIT.

    Not by SQLAlchemy's events: once an engine has a listener, each of its connections looks for many.
    """
    begin, choose = engine.dialect.do_begin, engine.dialect.set_isolation_level

    def do_begin(connection: Any) -> None:
        raw = connection.dbapi_connection
        if not raw.stays_in_autocommit:
            raw.autocommit = False
        begin(connection)

    def set_isolation_level(raw: Any, level: Any) -> None:
        raw.stays_in_autocommit = level == "AUTOCOMMIT"
        choose(raw, level)

    for made in (do_begin, set_isolation_level):
        setattr(engine.dialect, made.__name__, made)


def bring_bounds(engine: Engine, bounds: str) -> None:
    """Send ``bounds`` with the first statement of each transaction, as one message with it: no question more.

    In AUTOCOMMIT that is each statement: PostgreSQL takes the statements of one message for one transaction.
    """

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.info["is_unbounded"] = True

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def bound(connection: Connection, cursor: Any, statement: str, parameters: Any, *rest: Any) -> tuple[str, Any]:
        is_first = connection.info.pop("is_unbounded", False)
        if is_first or raw_of(connection).stays_in_autocommit:
            statement = bounds + statement
        return statement, parameters


def refuse_lost_bounds(engine: Engine, statement_timeout_ms: int) -> None:
    """Use no connection on which the bounds did not arrive: a pooler may be told to drop them."""

    @event.listens_for(engine, "connect")
    def look(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'")
            found = cursor.fetchone()[0]
        connection.rollback()
        if found != statement_timeout_ms:
            log.error("%s", LOST_BOUNDS)
            raise psycopg2.OperationalError(LOST_BOUNDS)
