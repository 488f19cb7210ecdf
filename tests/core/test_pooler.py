"""PgBouncer in transaction mode between the platform and PostgreSQL."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from psycopg2.errors import LockNotAvailable, QueryCanceled
from sqlalchemy.exc import OperationalError

from courseplatform.database_connection import Server
from courseplatform.db import script_request
from courseplatform.engines import LOST_BOUNDS
from courseplatform.jobs import PeriodicRun
from courseplatform.scheduler import TURN_LOCK, Scheduler
from courseplatform.testing import Client, make_app
from tests.pgbouncer_server import BINARY, pgbouncer

from .conftest import SETTINGS
from .test_db import CONNECTION

pytestmark = pytest.mark.skipif(BINARY is None, reason="pgbouncer is not installed")

POOL_SIZE = 2
BOUNDS = {"database.statement_timeout_ms": "400", "database.lock_timeout_ms": "200"}


@pytest.fixture(scope="module")
def pooler_url(database_url: str) -> Iterator[str]:
    with pgbouncer(database_url, POOL_SIZE) as url:
        yield url


def make(url: str, folder: Path, **settings: str) -> Any:
    return make_app(url, folder, **{"courseplatform.plugins": SETTINGS["courseplatform.plugins"], **settings})


@pytest.fixture(scope="module")
def app(pooler_url: str, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = make(pooler_url, tmp_path_factory.mktemp("pooled"), **{"database.direct_url": database_url, **BOUNDS})
    yield made
    made.registry["db.engine"].dispose()


@pytest.fixture
def client(app: Any) -> Client:
    return Client(app)


@pytest.fixture
def direct(database_url: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(database_url, poolclass=sa.NullPool)
    yield made
    with made.begin() as connection:
        connection.execute(sa.text("TRUNCATE periodic_runs"))


def test_the_pooler_by_itself_bounds_nothing(pooler_url: str) -> None:
    """Else what follows would show nothing."""
    engine = sa.create_engine(pooler_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SHOW statement_timeout")) == "0"
        assert connection.scalar(sa.text("SHOW lock_timeout")) == "0"


def test_reads_and_writes_bring_their_bounds_along(client: Client) -> None:
    for answer, is_autocommit in ((client.get(CONNECTION), True), (client.post(CONNECTION, status=200), False)):
        assert answer.json == {
            "is_autocommit": is_autocommit,
            "statement_timeout": "400ms",
            "lock_timeout": "200ms",
            "idle_in_transaction_session_timeout": "15s",
            "timezone": "UTC",
        }


@pytest.mark.parametrize("is_read_only", [True, False])
def test_a_statement_that_takes_too_long_is_ended(client: Client, is_read_only: bool) -> None:
    with client.registry["db.session"](is_read_only) as session:
        began = time.monotonic()
        with pytest.raises(OperationalError) as raised:
            session.execute(sa.text("SELECT pg_sleep(20)"))
    assert isinstance(raised.value.orig, QueryCanceled)
    assert time.monotonic() - began < 5


def test_each_statement_of_a_transaction_is_bounded_also_after_a_savepoint_was_taken_back(client: Client) -> None:
    with client.registry["db.session"](False) as session:
        with session.begin_nested() as nested:
            nested.rollback()
        for statement in ("SELECT 1", "SELECT 2"):
            session.execute(sa.text(statement))
        with pytest.raises(OperationalError, match="statement timeout"):
            session.execute(sa.text("SELECT pg_sleep(20)"))


def test_a_wait_for_a_lock_is_ended(client: Client, direct: sa.Engine) -> None:
    with direct.begin() as holder:
        holder.execute(sa.text("LOCK TABLE periodic_runs"))
        for is_read_only in (True, False):
            with client.registry["db.session"](is_read_only) as session:
                with pytest.raises(OperationalError) as raised:
                    session.execute(sa.select(PeriodicRun))
                assert isinstance(raised.value.orig, LockNotAvailable)


def test_bounds_stay_with_their_transaction(client: Client, pooler_url: str) -> None:
    for _ in range(4):
        client.post(CONNECTION, status=200)
    engine = sa.create_engine(pooler_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SHOW statement_timeout")) == "0"


def test_more_come_than_the_pooler_has_connections_and_all_are_served(client: Client, direct: sa.Engine) -> None:
    def work(number: int) -> str:
        client.get(CONNECTION)
        with script_request(client.registry) as request:
            request.db.add(PeriodicRun(name=f"pooled {number}", last_run_at=request.now))
            request.db.flush()
            return str(request.db.scalar(sa.text("SHOW statement_timeout")))

    with direct.connect() as connection:
        servers = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        before = connection.scalar(servers)
        with ThreadPoolExecutor(4 * POOL_SIZE) as threads:
            assert set(threads.map(work, range(40))) == {"400ms"}
        assert connection.scalar(sa.text("SELECT count(*) FROM periodic_runs WHERE name LIKE 'pooled %'")) == 40
        assert connection.scalar(servers) - before <= POOL_SIZE


def test_who_gets_no_connection_is_refused_in_time(client: Client) -> None:
    make_session = client.registry["db.session"]
    held = [make_session(False) for _ in range(POOL_SIZE)]
    try:
        for session in held:
            session.execute(sa.text("SELECT 1"))
        began = time.monotonic()
        assert client.post(CONNECTION, status=503).headers["Retry-After"]
        assert time.monotonic() - began < 8
    finally:
        for session in held:
            session.close()
    time.sleep(Server.pause_s)  # a full pooler is one that does not answer: it is left alone for a moment
    client.post(CONNECTION, status=200)


def test_of_two_schedulers_one_works_at_a_time(client: Client, direct: sa.Engine) -> None:
    scheduler, other = Scheduler(client.registry), Scheduler(client.registry)
    with client.registry["db.engine"].begin() as mine, client.registry["db.engine"].begin() as theirs:
        assert [scheduler.has_turn(mine), other.has_turn(theirs), scheduler.has_turn(mine)] == [True, False, True]
    with direct.connect() as connection:
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key"
        assert connection.scalar(sa.text(locks), {"key": TURN_LOCK & 0xFFFFFFFF}) == 0  # none is left in the pooler


def test_a_pooler_that_drops_the_bounds_is_found_out(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pgbouncer(database_url, POOL_SIZE, ignore_startup_parameters="options") as url:
        app = make(url, tmp_path)
        assert Client(app).call("GET", "/health/ready").status_int == 503
        assert LOST_BOUNDS in caplog.text
        app.registry["db.engine"].dispose()


def test_a_pooler_that_is_not_named_as_one_serves_nothing(pooler_url: str, tmp_path: Path) -> None:
    app = make(pooler_url, tmp_path)
    assert Client(app).call("GET", "/health/ready").status_int == 503
    app.registry["db.engine"].dispose()
