"""Statements that come again are planned once, and answer the same."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from courseplatform import prepared
from courseplatform.db import postgresql_url
from courseplatform.engines import connect_to_read, make_engine
from courseplatform.sessions import session_maker

SETTINGS = {
    "database.pool_size": 2,
    "database.pool_overflow": 0,
    "database.statement_timeout_ms": 5000,
    "database.lock_timeout_ms": 500,
}
MANY_TIMES = range(prepared.AFTER + 2)


def made(database_url: str, is_pooled: bool = False) -> sa.Engine:
    return make_engine(SETTINGS, postgresql_url(database_url), is_pooled=is_pooled)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = made(database_url)
    yield engine
    engine.dispose()


def kept(connection: sa.Connection) -> int:
    return len(connection.exec_driver_sql("SELECT name FROM pg_prepared_statements").all())


def question(**values: Any) -> Any:
    asked = sa.select(*(sa.bindparam(name, value).label(name) for name, value in values.items()))
    return asked.execution_options(is_prepared=True)


VALUES: dict[str, Any] = {
    "small": 5,
    "large": 2**40,
    "huge": 2**70,
    "text": "it's 100 % \\ fine",
    "flag": True,
    "id": uuid4(),
    "moment": datetime(2026, 1, 2, 3, 4, 5, 678, UTC),
    "day": date(2026, 1, 2),
    "span": timedelta(days=1, seconds=2.5),
    "exact": Decimal("1.50"),
    "real": 1.5,
    "octets": b"\x00\xff",
}


@pytest.mark.parametrize("name", VALUES)
def test_an_answer_is_the_same_however_often_one_asks(engine: sa.Engine, name: str) -> None:
    with engine.connect() as connection:
        answers = [connection.execute(question(value=VALUES[name])).scalar_one() for _ in MANY_TIMES]
        assert kept(connection) == 1
    answers = [bytes(answer) if isinstance(answer, memoryview) else answer for answer in answers]
    assert len(set(answers)) == 1 and len({type(answer) for answer in answers}) == 1


def test_null_and_a_value_are_two_statements_and_each_is_answered(engine: sa.Engine) -> None:
    asked = sa.select(sa.cast(sa.bindparam("value"), sa.Integer).label("value")).execution_options(is_prepared=True)
    with engine.connect() as connection:
        for _ in MANY_TIMES:
            assert connection.scalar(asked, {"value": None}) is None
            assert connection.scalar(asked, {"value": 7}) == 7
            assert connection.scalar(asked, {"value": 2**31 - 1}) == 2**31 - 1
        assert kept(connection) == 2


def test_what_is_asked_now_and_then_or_is_no_statement_of_ours_is_sent_as_it_is(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        for _ in range(prepared.AFTER - 1):
            connection.execute(question(value=1))
        for _ in MANY_TIMES:
            connection.execute(question(value=[1, 2]))  # of a kind that has no one type
            connection.execute(sa.text("SET LOCAL work_mem = '8MB'"))
            connection.execute(sa.select(sa.literal(1)))
            connection.exec_driver_sql("SELECT 1")
        assert kept(connection) == 0


def test_each_connection_prepares_for_itself_and_keeps_it(engine: sa.Engine) -> None:
    with engine.connect() as one, engine.connect() as other:
        for _ in MANY_TIMES:
            one.execute(question(value=1))
        other.execute(question(value=1))
        assert (kept(one), kept(other)) == (1, 1)
    with engine.connect() as one, engine.connect() as other:
        assert (kept(one), kept(other)) == (1, 1)


def test_a_connection_keeps_so_many_and_then_begins_anew(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "MAX_KEPT", 3)
    with engine.connect() as connection:
        for number in range(5):
            for _ in MANY_TIMES:
                assert connection.execute(question(**{f"value_{number}": 1})).scalar() == 1
        assert kept(connection) == 2


def test_a_process_remembers_so_many_and_then_begins_anew(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "MAX_KNOWN", 3)
    with engine.connect() as connection:
        for number in [*range(5), *range(5)]:
            for _ in MANY_TIMES:
                assert connection.execute(question(**{f"value_{number}": number})).scalar() == number


def test_behind_a_pooler_nothing_is_prepared(database_url: str) -> None:
    engine = made(database_url, is_pooled=True)
    with engine.connect() as connection:
        for _ in MANY_TIMES:
            connection.execute(question(value=1))
        assert kept(connection) == 0
    engine.dispose()


@pytest.fixture
def changing(engine: sa.Engine) -> Iterator[sa.Table]:
    """A table whose column a migration changes under who reads it."""
    table = sa.Table("changing", sa.MetaData(), sa.Column("value", sa.Integer))
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert().values(value=1))
    yield table
    with engine.begin() as connection:
        table.drop(connection)


def value_of(changing: sa.Table) -> Any:
    return sa.select(changing.c.value).execution_options(is_prepared=True)


def widen(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE changing ALTER value TYPE bigint"))


def test_a_read_goes_on_when_a_migration_has_changed_the_answers_type(engine: sa.Engine, changing: sa.Table) -> None:
    with connect_to_read(engine) as connection:
        for _ in MANY_TIMES:
            connection.execute(value_of(changing))
        assert kept(connection) == 1
        widen(engine)
        assert [connection.scalar(value_of(changing)) for _ in MANY_TIMES] == [1] * len(MANY_TIMES)


def test_a_write_is_tried_again_when_a_migration_has_changed_the_answers_type(
    engine: sa.Engine, changing: sa.Table
) -> None:
    session = session_maker(engine)(False)
    for _ in MANY_TIMES:
        session.execute(value_of(changing))
    session.commit()
    widen(engine)
    with pytest.raises(DBAPIError) as raised:
        session.execute(value_of(changing))
    assert type(raised.value.orig).__name__ == "TransactionRollbackError"  # which pyramid_retry tries again
    session.rollback()
    assert session.scalar(value_of(changing)) == 1
    session.close()


def test_a_read_goes_on_when_the_server_has_forgotten(engine: sa.Engine) -> None:
    with connect_to_read(engine) as connection:
        for _ in MANY_TIMES:
            connection.execute(question(value=1))
        connection.exec_driver_sql("DEALLOCATE ALL")
        assert [connection.scalar(question(value=1)) for _ in MANY_TIMES] == [1] * len(MANY_TIMES)
        assert kept(connection) == 1
