"""PostgreSQL as the platform asks it: no wait has to be ended by the server, which may be frozen or cut off.

A server that runs ends what takes too long itself (``statement_timeout`` and so on). Where it doesn't, these bounds end
the wait some moments later. They are psycopg2's wait callback: libpq has no time limit but for connecting.
"""

import logging
import select
import time
from typing import Any

import psycopg2
from psycopg2 import extensions
from sqlalchemy import Engine, ExceptionContext, event

from .pausing import Pausing

log = logging.getLogger(__name__)

CONNECT_S = 3.0
#: For the question whether a connection of the pool still works. This and a connection anew take less than 6 s.
PING_S = 2.0
#: Whoever was at work so lately, and has said nothing since, still works: to ask costs a third of a small request.
TRUST_S = 1.0
#: How much later than the server the client ends a statement: what the server says of it is worth more.
MARGIN_S = 0.5

EVENTS = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}


class Server(Pausing):
    """One that let somebody wait too long who came to it. Nobody connects to it meanwhile: they would all wait as long.

    A statement that takes too long says nothing of others: whoever comes next sees how the server is.
    """

    pause_s = 1.0


class Connection(extensions.connection):
    """``bound_s``: how long whatever it is asked may take. ``server``: of its engine. ``is_taken``: it is at work.

    ``stays_in_autocommit``: no transaction begins (``engines``). ``prepared``: the names of the statements that it
    keeps; ``is_outdated``: they answer no longer.
    """

    bound_s, is_taken, idle_since_s = CONNECT_S, False, 0.0
    stays_in_autocommit, is_outdated = False, False
    server: Server

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.prepared = set[str]()

    def is_doubtful(self) -> bool:
        """Whether to ask if it still works: after a while, or if there is something to read, as when it was ended."""
        if time.monotonic() - self.idle_since_s > TRUST_S:
            return True
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return bool(poll.poll(0))


def wait(connection: Any) -> None:
    """Let a connection have its answer. Raises: psycopg2.OperationalError, and then psycopg2 closes the connection.

    psycopg2 has one such function for the whole process: connections of others wait as long as they like.
    """
    bound_s = bound_of(connection)
    until_s = None if bound_s is None else time.monotonic() + bound_s
    while (state := connection.poll()) != extensions.POLL_OK:
        poll = select.poll()  # anew each time: while it connects, the socket may become another
        poll.register(connection.fileno(), EVENTS[state])
        left_ms = None if until_s is None else max(until_s - time.monotonic(), 0) * 1000
        if not poll.poll(left_ms):
            if isinstance(connection, Connection) and not connection.is_taken:
                connection.server.has_failed()
            raise psycopg2.OperationalError(f"the server has not answered within {bound_s} s")


def bound_of(connection: Any) -> float | None:
    """How long this connection may wait now."""
    if isinstance(connection, Connection):
        return connection.bound_s
    if connection.status == extensions.STATUS_SETUP:  # it connects, and libpq leaves its ``connect_timeout`` to us
        return float(extensions.parse_dsn(connection.dsn).get("connect_timeout", 0)) or None
    return None


def bound_waits(engine: Engine, statement_s: float) -> None:
    """Bound every wait of an engine, whose server ends statements after ``statement_s``."""
    server = Server()
    factory = type("Connection", (Connection,), {"server": server})

    def connect(dialect: Any, record: Any, args: Any, options: dict[str, Any]) -> Any:
        if not server.may_ask():
            raise psycopg2.OperationalError("the server has not answered, and is left alone for a moment")
        connection = psycopg2.connect(*args, **options, connection_factory=factory)
        if server.has_answered():
            log.warning("the database answers again")
        connection.autocommit = True
        return connection

    def has_been_taken(connection: Any, *rest: Any) -> None:
        connection.bound_s, connection.is_taken = statement_s + MARGIN_S, True

    def has_been_given_back(connection: Any, *rest: Any) -> None:
        if connection is not None:  # it was found dead
            connection.bound_s, connection.is_taken, connection.idle_since_s = PING_S, False, time.monotonic()
            connection.autocommit, connection.stays_in_autocommit = True, False

    def has_been_interrupted(context: ExceptionContext) -> None:
        """Amid a wait, by the time limit of a job: psycopg2 has closed the connection, so there is nothing to undo."""
        connection = context.connection and context.connection.connection.dbapi_connection
        if connection is not None and connection.closed and not isinstance(context.original_exception, psycopg2.Error):
            context.is_disconnect, context.invalidate_pool_on_disconnect = True, False

    ping = engine.dialect.do_ping
    setattr(engine.dialect, "do_ping", lambda connection: not connection.is_doubtful() or ping(connection))  # noqa: B010
    extensions.set_wait_callback(wait)
    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkout", has_been_taken)
    event.listen(engine, "checkin", has_been_given_back)
    event.listen(engine, "handle_error", has_been_interrupted)
