"""What ``request.db`` is: a session of SQLAlchemy's that only reads, or one that may write."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state

from .engines import connect_to_read

#: Under this key a ``WritingSession`` keeps whose it is.
REQUEST = "courseplatform.request"


class ReadingSession(Session):
    """One that only reads, each statement by itself: on a plain connection of its own, taken when it is needed.

    A connection that a session takes itself costs it a transaction, as much work as a small read. And it is no session
    before it is used as one: what core asks for is answered by the connection alone (``ready``, ``entities``).
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.taken: Connection | None = None
        #: The rows that were made before it was a session, by SQLAlchemy's keys: it will know them.
        self.rows: dict[Any, Any] = {}
        self.is_in_use = False

    def __getattr__(self, name: str) -> Any:
        """What it lacks it has as soon as it is a session."""
        if self.is_in_use:
            raise AttributeError(name)
        self.is_in_use = True
        super().__init__(expire_on_commit=False)
        for row in self.rows.values():
            instance_state(row)
        return getattr(self, name)

    def get_bind(self, *arguments: Any, **options: Any) -> Connection:
        if self.taken is None:
            self.taken = connect_to_read(self.engine)
        return self.taken

    def execute(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """A connection answers what selects columns, at half the price: the session would know nothing of them."""
        if options or not selects_columns(statement):
            return super().execute(statement, params, **options)
        return self.get_bind().execute(statement, params)

    def scalars(self, statement: Any, params: Any = None, **options: Any) -> Any:
        if options or not selects_columns(statement):
            return super().scalars(statement, params, **options)
        return self.get_bind().scalars(statement, params)

    def scalar(self, statement: Any, params: Any = None, **options: Any) -> Any:
        if options or not selects_columns(statement):
            return super().scalar(statement, params, **options)
        return self.get_bind().scalar(statement, params)

    def close(self) -> None:
        self.rows.clear()
        if self.is_in_use:
            super().close()
        if self.taken is not None:
            self.taken.close()
            self.taken = None


def selects_columns(statement: Any) -> bool:
    """Whether it selects them alone, and no entity; and under the names that a connection, too, would give them."""
    return isinstance(statement, Select) and all(
        isinstance(one, ColumnElement) and one._annotations.get("proxy_key") in (None, getattr(one, "name", None))
        for one in statement._raw_columns
    )


class WritingSession(Session):
    """One that may write: what it changes is noticed (``cache.topics``), which reading ones need not pay for."""

    def commit(self) -> None:
        """Not by hand: a request's transaction ends with the request. Raises: RuntimeError."""
        if REQUEST in self.info:
            raise RuntimeError("request.db.commit(): a request is committed as a whole, when it has succeeded")
        super().commit()


def connection_of(session: Session) -> Connection:
    """For a statement that is no ORM's."""
    if isinstance(session, ReadingSession):
        return session.get_bind()
    session.flush()  # as its own ``execute`` does
    return session.connection()


def session_maker(engine: Engine) -> Callable[[bool], Session]:
    """``f(is_read_only) -> Session``; tests put their own in ``registry["db.session"]``."""

    def make(is_read_only: bool) -> Session:
        if is_read_only:
            return ReadingSession(engine)
        return WritingSession(bind=engine, expire_on_commit=False)

    return make
