"""``/health/ready`` and ``/health/startup``: a database behind what this code needs is not well, one ahead of it is."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from courseplatform import migrations
from courseplatform.testing import Client, counted_statements, make_app, rolled_back

from .acme import write_package
from .conftest import build

REVISION = """
revision = "{}"
down_revision = {!r}

def upgrade() -> None:
    pass
"""
VERSION_TABLE = "alembic_version_acme_late"


class World:
    """A platform with a third-party plugin that has two revisions, on a connection that is rolled back."""

    def __init__(self, client: Client, connection: sa.Connection) -> None:
        self.client, self.connection = client, connection

    def execute(self, statement: str) -> None:
        self.connection.execute(sa.text(statement))

    def is_at(self, table: str, *revisions: str) -> None:
        self.execute(f"DELETE FROM {table}")
        for revision in revisions:
            self.execute(f"INSERT INTO {table} VALUES ('{revision}')")

    def failing(self, which: str = "ready") -> list[str]:
        """What is not well; nothing if all is."""
        answer = self.client.get(f"/health/{which}", status=(200, 503))
        return [] if answer.status_int == 200 else answer.json["failing"]


@pytest.fixture
def world(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    revisions = {
        "migrations/0001_a": REVISION.format("0001", None),
        "migrations/0002_b": REVISION.format("0002", "0001"),
    }
    includeme = "def includeme(config):\n    config.add_migrations('acme_late:migrations')\n"
    write_package(tmp_path, "acme_late", {"__init__": includeme, **revisions})
    monkeypatch.syspath_prepend(tmp_path)
    app = make_app(database_url, tmp_path, **{"courseplatform.plugins": "plugins.courses acme_late"})
    with rolled_back(app) as (client, connection):
        made = World(client, connection)
        made.execute(f"CREATE TABLE {VERSION_TABLE} (version_num text)")
        made.is_at(VERSION_TABLE, "0002")
        yield made
    app.registry["db.engine"].dispose()
    sys.modules.pop("acme_late", None)


def test_a_database_that_is_where_the_code_is_is_ready_in_two_statements(world: World) -> None:
    assert world.failing() == []
    with counted_statements(world.client.registry) as statements:
        assert world.failing() == []
    assert len(statements) == 2


@pytest.mark.parametrize("revisions", [("0008",), ()], ids=["behind", "never migrated"])
def test_a_core_that_is_behind_is_named(world: World, revisions: tuple[str, ...]) -> None:
    world.is_at("alembic_version", *revisions)
    assert world.failing() == ["schema of core"]


@pytest.mark.parametrize("revisions", [("0001",), ()], ids=["behind", "never migrated"])
def test_a_plugin_that_is_behind_is_named(world: World, revisions: tuple[str, ...]) -> None:
    world.is_at(VERSION_TABLE, *revisions)
    assert world.failing() == ["schema of acme_late"]


def test_whatever_has_never_been_migrated_is_named(world: World) -> None:
    world.execute(f"DROP TABLE {VERSION_TABLE}, alembic_version")
    assert world.failing() == ["schema of core", "schema of acme_late"]


def test_a_database_that_newer_code_has_migrated_is_ready_for_the_old(world: World) -> None:
    world.is_at("alembic_version", "0999")
    world.is_at(VERSION_TABLE, "0999")
    assert world.failing() == world.failing("startup") == []


def test_startup_is_well_once_the_schema_is_and_for_ever_after(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.is_at(VERSION_TABLE, "0001")
    assert world.failing("startup") == ["schema of acme_late"]
    assert "the tables of acme_late are at 0001, behind this code" in caplog.text
    world.is_at(VERSION_TABLE, "0002")
    assert world.failing("startup") == []
    world.is_at(VERSION_TABLE, "0001")
    assert world.failing("startup") == []
    assert world.failing() == ["schema of acme_late"]


def test_startup_waits_for_the_database_and_ready_with_it() -> None:
    client = Client(build())
    for which in ("startup", "ready"):
        answer = client.get(f"/health/{which}", status=503)
        assert "failing" not in answer.json
        assert answer.headers["Retry-After"]


def test_a_process_that_is_to_end_is_not_ready_and_lives(world: World) -> None:
    world.client.registry["health.stopping"] = True
    assert world.failing() == ["stopping"]
    assert world.failing("startup") == []
    world.client.get("/health/live")


def test_the_code_here_needs_its_newest_revision(world: World) -> None:
    world.failing()
    core, late = world.client.registry["health.versions"]
    assert core.heads == set(migrations.heads("postgresql://"))
    assert (late.heads, late.known) == ({"0002"}, {"0001", "0002"})
