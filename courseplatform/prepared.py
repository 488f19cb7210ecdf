"""Statements that come again are planned once: PREPARE and EXECUTE, which psycopg2 does not send by itself.

To plan the join of a lineage, or the question for a caller's roles, takes PostgreSQL longer than to answer. So these
(``execution_options(is_prepared=True)``) and every INSERT are prepared once a process has sent them some times,
connection by connection, and then only named. Values go out as before and are of the types that they had as literals,
so an answer is the same. Nothing else is: a plan that was made for no values in particular may be a bad one where they
matter.

Not behind a pooler: there the next transaction meets another connection of the server.
"""

import re
import threading
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from psycopg2 import errors, extensions
from sqlalchemy import Engine

#: How often a process sends a statement before it is worth a name.
AFTER = 3
#: How many a connection keeps; one more, and it begins anew. A plan takes PostgreSQL some ten kilobytes.
MAX_KEPT = 128
#: How many texts a process remembers, and how long they may be: a batch of rows has a text of its own.
MAX_KNOWN, MAX_CHARS = 1024, 16_000

PARAMETER = re.compile(r"%\((\w+)\)s|%%")
#: As what psycopg2 writes them down. A text is whatever its place wants, as a literal is.
TYPES = {
    str: "unknown",
    type(None): "unknown",
    bool: "boolean",
    UUID: "uuid",
    datetime: "timestamptz",
    date: "date",
    time: "time",
    timedelta: "interval",
    Decimal: "numeric",
    float: "numeric",
    extensions.Binary: "bytea",
}


class Prepared(NamedTuple):
    """``make``: the PREPARE; ``call``: the EXECUTE, with the parameters of the statement."""

    name: str
    make: str
    call: str


class Statements:
    """What a process has sent, by text and types of the parameters."""

    def __init__(self) -> None:
        self.lock, self.uses = threading.Lock(), dict[Any, int]()
        self.named: dict[Any, Prepared] = {}
        self.count = 0

    def find(self, statement: str, parameters: dict[str, Any]) -> Prepared | None:
        """Its name, once it has come often enough; None for what is sent as it is."""
        types = types_of(parameters)
        if types is None:
            return None
        key = statement, types
        found = self.named.get(key)
        if found is None and len(statement) <= MAX_CHARS:
            with self.lock:
                if len(self.uses) >= MAX_KNOWN:
                    self.uses.clear()
                    self.named.clear()
                self.uses[key] = self.uses.get(key, 0) + 1
                if self.uses[key] >= AFTER:
                    self.count += 1
                    found = self.named[key] = prepared(f"courseplatform_{self.count}", statement, parameters, types)
        return found


def types_of(parameters: dict[str, Any]) -> tuple[str, ...] | None:
    """PostgreSQL's types of the values; None if one of them is of another kind."""
    found = []
    for value in parameters.values():
        if type(value) is int:
            found.append("int4" if -(2**31) <= value < 2**31 else "int8" if -(2**63) <= value < 2**63 else "numeric")
        elif (name := TYPES.get(type(value))) is None or (name == "timestamptz" and value.tzinfo is None):
            return None
        else:
            found.append(name)
    return tuple(found)


def prepared(name: str, statement: str, parameters: dict[str, Any], types: tuple[str, ...]) -> Prepared:
    type_of, numbers = dict(zip(parameters, types, strict=True)), dict[str, int]()

    def numbered(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        return f"${numbers.setdefault(found[1], len(numbers) + 1)}"

    body = PARAMETER.sub(numbered, statement)
    if not numbers:
        return Prepared(name, f"PREPARE {name} AS {body}", f"EXECUTE {name}")
    declared = ", ".join(type_of[parameter] for parameter in numbers)
    values = ", ".join(f"%({parameter})s" for parameter in numbers)
    return Prepared(name, f"PREPARE {name} ({declared}) AS {body}", f"EXECUTE {name} ({values})")


def prepare_statements(engine: Engine) -> None:
    """Let an engine's connections prepare what comes often."""
    statements, execute = Statements(), engine.dialect.do_execute

    def do_execute(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        is_meant = context is not None and cursor.name is None and is_prepared(context)
        found = statements.find(statement, parameters) if is_meant and type(parameters) is dict else None
        if found is None:
            execute(cursor, statement, parameters, context)
            return
        connection = cursor.connection
        if found.name not in connection.prepared or connection.is_outdated:
            prepare(connection, found)
        try:
            cursor.execute(found.call, parameters)
        except (errors.FeatureNotSupported, errors.InvalidSqlStatementName) as error:
            # A migration has changed what it answers, or somebody has made the session forget: they are prepared anew.
            connection.is_outdated = True
            if not connection.autocommit:
                raise extensions.TransactionRollbackError("a prepared statement is out of date") from error
            execute(cursor, statement, parameters, context)

    engine.dialect.do_execute = do_execute  # type: ignore[method-assign]


def is_prepared(context: Any) -> bool:
    """Whether every plan of a statement is alike: of one row, by keys. (Of a count over thousands it is not.)"""
    return context.isinsert or bool(context.execution_options.get("is_prepared"))


def prepare(connection: Any, statement: Prepared) -> None:
    with connection.cursor() as cursor:
        if len(connection.prepared) >= MAX_KEPT or connection.is_outdated:
            cursor.execute("DEALLOCATE ALL")
            connection.prepared.clear()
            connection.is_outdated = False
        cursor.execute(statement.make)
    connection.prepared.add(statement.name)
