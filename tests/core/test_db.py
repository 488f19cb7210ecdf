"""How a request talks to PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import bindparam, literal, select, text

from courseplatform.db import script_request
from courseplatform.jobs import PeriodicRun
from courseplatform.sessions import connection_of
from courseplatform.testing import Client
from plugins.accounts.models import User
from plugins.courses.models import CourseTeacher
from tests.factories.accounts import make_user

CONNECTION = "/api/sandbox/connection/"


def test_a_get_reads_without_a_transaction_and_a_post_writes_in_one(committing_client: Client) -> None:
    assert committing_client.get(CONNECTION).json["is_autocommit"] is True
    assert committing_client.post(CONNECTION, status=200).json["is_autocommit"] is False
    assert committing_client.get(CONNECTION).json["is_autocommit"] is True


def test_who_asks_for_autocommit_gets_it_and_leaves_it_to_nobody(committing_client: Client) -> None:
    engine = committing_client.registry["db.engine"]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE TABLE made_at_once (id int)"))
        assert connection.connection.dbapi_connection.autocommit is True
        connection.rollback()
    with engine.connect() as connection:  # the same one of the pool
        connection.execute(text("DROP TABLE made_at_once"))
        assert connection.connection.dbapi_connection.autocommit is False
        connection.rollback()
        connection.execute(text("DROP TABLE made_at_once"))
        connection.commit()


def test_every_wait_is_bounded(committing_client: Client) -> None:
    for answer in (committing_client.get(CONNECTION), committing_client.post(CONNECTION, status=200)):
        assert answer.json["statement_timeout"] == "5s"
        assert answer.json["lock_timeout"] == "2s"
        assert answer.json["idle_in_transaction_session_timeout"] == "15s"
        assert answer.json["timezone"] == "UTC"
    engine = committing_client.registry["db.engine"]
    assert engine.pool._timeout == 2
    assert engine.pool._pre_ping is True


def test_connections_go_back_to_the_pool(committing_client: Client) -> None:
    pool = committing_client.registry["db.engine"].pool
    for path in (CONNECTION, "/api/sandbox/crash/", "/api/nothing/", "/api/courses/", "/api/users/me/"):
        committing_client.call("GET", path)
    for then in ("raise", "return", "crash", "null", "sleep", "commit", "commit"):
        committing_client.call("POST", f"/api/sandbox/writes/?then={then}")
    assert pool.checkedout() == 0


def test_connections_that_the_server_cut_are_replaced_unseen(committing_client: Client) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: committing_client.get(CONNECTION), range(8)))
    with committing_client.registry["db.engine"].begin() as connection:
        # until they have gone: before it says so, a server that was told to cut them may still take a statement
        others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        connection.execute(text(f"{others} WHERE datname = current_database() AND pid <> pg_backend_pid()"))
    for _ in range(4):
        committing_client.get(CONNECTION)


def test_a_connection_cut_in_the_middle_of_a_request_is_503(committing_client: Client) -> None:
    registry = committing_client.registry
    make = registry["db.session"]

    def cut(is_read_only: bool):  # type: ignore[no-untyped-def]
        session = make(is_read_only)
        session.connection().connection.dbapi_connection.close()
        return session

    registry["db.session"] = cut
    try:
        assert committing_client.get("/api/courses/", status=503).headers["Retry-After"] == "2"
    finally:
        registry["db.session"] = make
    committing_client.get("/api/courses/")


def test_code_outside_http_commits_at_the_end_and_rolls_back_when_it_fails(committing_client: Client) -> None:
    registry = committing_client.registry
    with script_request(registry) as request:
        request.db.add(PeriodicRun(name="good", last_run_at=request.now))
    with pytest.raises(ZeroDivisionError), script_request(registry) as request:
        request.db.add(PeriodicRun(name="bad", last_run_at=request.now))
        request.db.flush()
        raise ZeroDivisionError
    with script_request(registry) as request:
        assert list(request.db.scalars(select(PeriodicRun.name))) == ["good"]
    assert registry["db.engine"].pool.checkedout() == 0


def test_nobody_commits_a_part_of_a_request(committing_client: Client) -> None:
    with pytest.raises(RuntimeError, match="as a whole"), committing_client.script() as request:
        request.db.add(PeriodicRun(name="part", last_run_at=request.now))
        request.db.commit()
    with committing_client.script() as request:
        assert request.db.get(PeriodicRun, "part") is None


def test_a_reading_session_gives_its_connection_back_and_takes_another_when_it_reads_more(
    committing_client: Client,
) -> None:
    pool, session = committing_client.registry["db.engine"].pool, committing_client.registry["db.session"](True)
    for _ in range(2):
        assert session.scalar(select(literal(1))) == 1
        assert connection_of(session).scalar(select(literal(2))) == 2
        assert pool.checkedout() == 1  # the same one
        session.close()
        assert pool.checkedout() == 0


@pytest.mark.parametrize("is_read_only", (True, False))
def test_what_selects_columns_is_answered_alike_by_who_reads_and_who_writes(
    committing_client: Client, is_read_only: bool
) -> None:
    make_user(committing_client, "teacher")
    with closing(committing_client.registry["db.session"](is_read_only)) as session:
        name = session.scalars(select(User.username).where(User.role == "teacher")).one()
        assert session.scalar(select(User.username).where(User.username == bindparam("name")), {"name": name}) == name
        row = session.execute(select(User.username, User.email_verified_at, literal(1).label("one"))).one()
        assert (row.username, row.one) == (name, 1) and row._fields == ("username", "email_verified_at", "one")
        assert session.scalars(select(User)).one() is session.get(User, session.scalar(select(User.id)))
        assert session.execute(select(CourseTeacher.id)).keys() == {"id"}  # whose column has another name
        assert session.execute(text("SELECT 2")).scalar() == 2
        session.rollback()


def test_all_requests_are_of_one_class(client: Client) -> None:
    classes = []
    client.registry["measuring.observers"].append(lambda request, measured: classes.append(type(request)))
    try:
        client.get("/api/courses/")
        client.get("/api/courses/")
    finally:
        client.registry["measuring.observers"].pop()
    assert classes[0] is classes[1]


def test_a_statement_on_a_bare_table_is_committed(committing_client: Client) -> None:
    with committing_client.script() as request:
        request.db.execute(text("INSERT INTO periodic_runs VALUES ('bare', now())"))
    with committing_client.script() as request:
        assert request.db.scalar(text("SELECT count(*) FROM periodic_runs WHERE name = 'bare'")) == 1


def test_the_victim_of_a_deadlock_is_tried_again(committing_client: Client) -> None:
    committing_client.registry["sandbox.attempts"] = 0
    assert committing_client.post("/api/sandbox/deadlock/", status=200).json == {"attempts": 2}
