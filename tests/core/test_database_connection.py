"""A database that is frozen, or cut off without a word: nobody waits for it longer than the platform has promised."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
import sqlalchemy as sa
import transaction
import zope.sqlalchemy
from psycopg2 import extensions
from sqlalchemy.exc import OperationalError

from courseplatform import database_connection
from courseplatform.db import postgresql_url
from courseplatform.engines import make_engine
from courseplatform.sessions import session_maker
from tests.tcp_proxy import TcpProxy

STATEMENT_S = 1.0
GIVEN_UP_S = 10


@pytest.fixture
def proxy(database_url: str) -> Iterator[TcpProxy]:
    """In front of the database: what goes through it can be frozen."""
    host, port = sa.make_url(database_url).query.get("host"), sa.make_url(database_url).port or 5432
    made = TcpProxy(f"{host}/.s.PGSQL.{port}" if host else port)
    end = threading.Timer(GIVEN_UP_S, made.thaw)  # a test whose waits have no end fails then, and does not hang
    end.start()
    yield made
    end.cancel()
    made.close()


@pytest.fixture
def engine(proxy: TcpProxy, database_url: str) -> Iterator[sa.Engine]:
    url = sa.make_url(postgresql_url(database_url)).set(host="127.0.0.1", port=proxy.port, query={})
    made = make_engine(
        {
            "database.pool_size": 4,
            "database.pool_overflow": 0,
            "database.statement_timeout_ms": STATEMENT_S * 1000,
            "database.lock_timeout_ms": 500,
        },
        url.render_as_string(hide_password=False),
        is_pooled=False,
    )
    with made.connect() as connection:
        connection.scalar(sa.text("SELECT 1"))
    yield made
    proxy.thaw()
    made.dispose()


def seconds_until_refused(engine: sa.Engine) -> float:
    began = time.monotonic()
    with pytest.raises(OperationalError), engine.connect() as connection:
        connection.scalar(sa.text("SELECT 1"))
    return time.monotonic() - began


def test_a_statement_that_is_never_answered_ends_soon_after_the_server_would_have_ended_it(
    engine: sa.Engine, proxy: TcpProxy
) -> None:
    with engine.connect() as connection:
        connection.scalar(sa.text("SELECT 1"))
        proxy.freeze()
        began = time.monotonic()
        with pytest.raises(OperationalError, match="has not answered within"):
            connection.scalar(sa.text("SELECT 1"))
        assert STATEMENT_S <= time.monotonic() - began < STATEMENT_S + 1


def test_so_does_a_commit(engine: sa.Engine, proxy: TcpProxy) -> None:
    with pytest.raises(OperationalError, match="has not answered within"), engine.connect() as connection:
        connection.execute(sa.text("CREATE TEMPORARY TABLE kept (id int)"))
        proxy.freeze()
        connection.commit()


def test_a_running_server_ends_a_slow_statement_itself(engine: sa.Engine) -> None:
    with pytest.raises(OperationalError, match="statement timeout"), engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_sleep(5)"))


def test_one_statement_that_takes_too_long_keeps_nobody_else_out(engine: sa.Engine) -> None:
    """A commit that waits for a standby, or a plugin that has put off its own time limit: the server is well."""
    with pytest.raises(OperationalError, match="has not answered within"), engine.connect() as connection:
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.text("SELECT pg_sleep(3)"))
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1


class TimeIsUp(Exception):
    """As RQ ends a job."""


def test_who_is_interrupted_amid_a_wait_hears_of_that_and_of_no_closed_connection(engine: sa.Engine) -> None:
    def interrupt(*_: object) -> None:
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, interrupt)
    transactions = transaction.TransactionManager(explicit=True)
    try:
        with pytest.raises(TimeIsUp), transactions:
            session = session_maker(engine)(False)
            zope.sqlalchemy.register(session, transaction_manager=transactions)
            session.execute(sa.text("SELECT 1"))
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            session.execute(sa.text("SELECT pg_sleep(0.9)"))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert isinstance(engine.pool, sa.QueuePool) and engine.pool.checkedout() == 0
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1


def test_a_connection_of_the_pool_and_a_new_one_are_waited_for_less_than_six_seconds(
    engine: sa.Engine, proxy: TcpProxy
) -> None:
    time.sleep(database_connection.TRUST_S)
    proxy.freeze()
    bounds_s = database_connection.PING_S + database_connection.CONNECT_S
    assert seconds_until_refused(engine) < min(bounds_s + 0.9, 6)


def test_who_comes_while_it_does_not_answer_is_refused_at_once_and_served_when_it_does(
    engine: sa.Engine, proxy: TcpProxy
) -> None:
    time.sleep(database_connection.TRUST_S)  # so that the connection of the pool is asked first
    proxy.freeze()
    seconds_until_refused(engine)
    with ThreadPoolExecutor(4) as threads:
        waited = sorted(threads.map(lambda _: seconds_until_refused(engine), range(4)))
    assert waited[-2] < 0.5  # one at most has asked again
    proxy.thaw()
    began = time.monotonic()
    while True:
        try:
            with engine.connect() as connection:
                assert connection.scalar(sa.text("SELECT 1")) == 1
            break
        except OperationalError:
            assert time.monotonic() - began < 2.5
            time.sleep(0.05)


@pytest.mark.usefixtures("engine")
def test_connections_of_others_keep_their_own_limit_of_connecting(proxy: TcpProxy) -> None:
    """Those of migrations and backups."""
    proxy.freeze()
    began = time.monotonic()
    with pytest.raises(psycopg2.OperationalError, match="has not answered within"):
        psycopg2.connect(host="127.0.0.1", port=proxy.port, dbname="x", connect_timeout=1)
    assert time.monotonic() - began < 2


def test_connections_of_others_wait_as_long_as_they_like(engine: sa.Engine, database_url: str) -> None:
    assert extensions.get_wait_callback() is database_connection.wait
    connection = psycopg2.connect(sa.make_url(database_url).set(drivername="postgresql").render_as_string(False))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", (database_connection.PING_S + 0.1,))
    connection.close()
