"""Questions that are asked at each request: compiled once, and then sent without SQLAlchemy's work for each statement.

That work is half of what a small read takes. Whoever listens to statements (a pooler's bounds, a test that counts them)
is told of these too.
"""

from typing import Any

import psycopg2
from sqlalchemy import Connection, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from .sessions import connection_of


class Ready:
    """A SELECT whose parameters have no values but those of ``IN``, and which answers one row at most."""

    #: As ``prepared`` asks of a statement's context.
    isinsert, execution_options = False, {"is_prepared": True}

    def __init__(self, statement: Select[Any], dialect: Any) -> None:
        compiled = statement.compile(dialect=dialect)
        asked = {name: None for name, bind in compiled.binds.items() if bind.required}
        state = compiled.construct_expanded_state(asked)
        made: Any = state.processors  # of some of the parameters
        self.text, self.makers = state.statement, {name: make for name, make in made.items() if name in asked}
        known = {name: value for name, value in state.parameters.items() if name not in asked}
        self.fixed = {name: made[name](value) if name in made else value for name, value in known.items()}
        self.types = [column.type.dialect_impl(dialect) for column in statement.selected_columns]
        self.readers: list[tuple[int, Any]] | None = None

    def first(self, session: Session, parameters: dict[str, Any]) -> Any:
        """The row as a tuple, or None. Raises: DBAPIError."""
        values = {**self.fixed, **parameters}
        for name, make in self.makers.items():
            values[name] = make(values[name])
        row = self.ask(connection_of(session), values)
        if row is None or not self.readers:
            return row
        answer = list(row)
        for place, reader in self.readers:
            answer[place] = reader(answer[place])
        return tuple(answer)

    def ask(self, connection: Connection, values: dict[str, Any]) -> Any:
        listeners = connection.engine.dispatch
        if connection._has_events or listeners.before_cursor_execute or listeners.after_cursor_execute:
            found = connection.exec_driver_sql(self.text, values)
            self.learn_readers(connection, found.cursor)
            return found.first()
        cursor: Any = connection.connection.cursor()
        try:
            connection.dialect.do_execute(cursor, self.text, values, self)  # type: ignore[arg-type]
            self.learn_readers(connection, cursor)
            return cursor.fetchone()
        except psycopg2.Error as error:
            raise self.failure(connection, error, values) from error
        finally:
            cursor.close()

    def learn_readers(self, connection: Connection, cursor: Any) -> None:
        """What SQLAlchemy's types make of what psycopg2 gives: by the types that PostgreSQL answers with."""
        if self.readers is None:
            codes = [column[1] for column in cursor.description]
            pairs = zip(self.types, codes, strict=True)
            read = [kind.result_processor(connection.dialect, code) for kind, code in pairs]
            self.readers = [(place, reader) for place, reader in enumerate(read) if reader is not None]

    def failure(self, connection: Connection, error: psycopg2.Error, values: dict[str, Any]) -> BaseException:
        """As SQLAlchemy would raise it."""
        dialect, raw = connection.dialect, connection.connection.dbapi_connection
        is_gone = dialect.is_disconnect(error, raw, None)
        if is_gone:
            connection.invalidate(error)
        return DBAPIError.instance(
            self.text,
            values,
            error,
            psycopg2.Error,
            hide_parameters=True,
            connection_invalidated=is_gone,
            dialect=dialect,
        )
