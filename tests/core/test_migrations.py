"""Migrations: up, down and up again, without drift, one head."""

import threading

import pytest
import sqlalchemy as sa

from courseplatform import migrations
from courseplatform.testing import fresh_database


def tables(url: str) -> set[str]:
    engine = sa.create_engine(url)
    try:
        return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()


@pytest.mark.filterwarnings("ignore")
def test_the_schema_goes_up_down_and_up_again_without_drift(server_url: str) -> None:
    with fresh_database(server_url) as url:
        migrations.migrate(url)
        made = tables(url)
        assert {"users", "courses", "outbox"} <= made
        assert migrations.current(url) == migrations.heads(url)
        migrations.downgrade(url, "base")
        assert tables(url) == set()
        migrations.migrate(url)
        assert tables(url) == made
        migrations.check_drift(url)


def test_a_new_database_has_no_accounts(server_url: str) -> None:
    with fresh_database(server_url) as url:
        migrations.migrate(url)
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM users")) == 0
        engine.dispose()


def test_there_is_exactly_one_head(database_url: str) -> None:
    assert len(migrations.heads(database_url)) == 1


def test_two_processes_that_migrate_at_once_wait_for_each_other(server_url: str) -> None:
    """In one process Alembic's context is global, so the lock is held by hand."""
    with fresh_database(server_url) as url:
        engine = sa.create_engine(url)
        migrating = threading.Thread(target=migrations.migrate, args=(url,))
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(7206411)"))
            migrating.start()
            migrating.join(0.6)  # longer than the lock_timeout of the migration's own statements
            assert migrating.is_alive()
            assert tables(url) == set()
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
                # Whoever has the lock may make an index like this, which waits for every statement that is under way.
                for statement in ("CREATE TABLE x ()", "SET statement_timeout = 2000", "ALTER TABLE x ADD y int"):
                    other.execute(sa.text(statement))
                other.execute(sa.text("CREATE INDEX CONCURRENTLY ON x (y)"))
        engine.dispose()
        migrating.join(20)
        assert "users" in tables(url)
