"""Reports from a read replica: a real one, which streams from a real primary."""

import csv
import io
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, select, text

from courseplatform import migrations
from courseplatform.db import postgresql_url, script_request
from courseplatform.jobs import PeriodicRun
from courseplatform.tables import table_chunks
from courseplatform.testing import Client, embedded_server, make_app
from tests.factories.accounts import make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission
from tests.standby import Standby

COUNT = select(func.count()).select_from(PeriodicRun)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[str, Standby]]:
    """A primary's URL, and its standby, which does not run yet."""
    made = tempfile.TemporaryDirectory(prefix="courseplatform-pg-", ignore_cleanup_errors=True)
    with made as folder, embedded_server(Path(folder) / "data") as url:
        migrations.migrate(url)
        standby = Standby(Path(folder) / "data", url)
        try:
            yield postgresql_url(url), standby
        finally:
            standby.stop()


@pytest.fixture(scope="module")
def app(servers: tuple[str, Standby], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    url, standby = servers
    made = make_app(url, tmp_path_factory.mktemp("replicated"), **{"database.replica_url": standby.url})
    yield made
    made.registry["db.engine"].dispose()
    made.registry["db.replica"].engine.dispose()


@pytest.fixture
def standby(app: Any, servers: tuple[str, Standby]) -> Standby:
    """Running, and not yet known to have failed."""
    servers[1].start()
    app.registry["db.replica"].has_answered()
    yield servers[1]
    servers[1].stop()


@pytest.fixture
def client(app: Any) -> Client:
    return Client(app)


def parts(registry: Any, count: int = 1) -> Iterator[tuple[str, int]]:
    """A report in so many parts: each says where it was read, and how many rows it saw."""

    def read(request: Any, after: Any) -> Any:
        where = "replica" if request.db.scalar(text("SELECT pg_is_in_recovery()")) else "primary"
        part = (after or 0) + 1
        return [[where, request.db.scalar(COUNT)]], part if part < count else None

    chunks = table_chunks(registry, ["where", "seen"], read, False)
    next(chunks)  # the head
    for chunk in chunks:
        ((where, seen),) = csv.reader(io.StringIO(chunk.decode()))
        yield where, int(seen)


def add_row(registry: Any) -> int:
    """How many there are then."""
    with script_request(registry) as request:
        request.db.add(PeriodicRun(name=f"row {time.monotonic_ns()}", last_run_at=request.now))
    with script_request(registry) as request:
        return request.db.scalar(COUNT)


def test_a_report_is_read_from_the_replica_and_sees_all_that_was_committed(app: Any, standby: Standby) -> None:
    for _ in range(8):
        count = add_row(app.registry)
        assert list(parts(app.registry, 2)) == [("replica", count)] * 2


def test_a_replica_that_lags_is_not_read_and_left_alone_for_a_while(app: Any, standby: Standby) -> None:
    standby.pause()
    count = add_row(app.registry)
    assert list(parts(app.registry)) == [("primary", count)]
    began = time.monotonic()
    assert list(parts(app.registry)) == [("primary", count)]
    assert time.monotonic() - began < 0.5
    standby.resume()
    app.registry["db.replica"].away_until = time.monotonic()
    assert list(parts(app.registry)) == [("replica", count)]


def test_a_report_goes_on_at_the_primary_when_the_replica_goes(app: Any, standby: Standby) -> None:
    count = add_row(app.registry)
    read = parts(app.registry, 4)
    assert [next(read), next(read)] == [("replica", count)] * 2
    standby.stop()
    assert list(read) == [("primary", count)] * 2
    assert list(parts(app.registry)) == [("primary", count)]


def test_without_the_replica_nothing_is_missing(app: Any, servers: tuple[str, Standby]) -> None:
    app.registry["db.replica"].has_answered()
    count = add_row(app.registry)
    assert list(parts(app.registry)) == [("primary", count)]
    assert app.registry["db.replica"].engine.pool.checkedout() == 0


def test_who_may_read_is_asked_of_the_primary(client: Client, standby: Standby) -> None:
    teacher, student = make_user(client, "teacher"), make_user(client)
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    assignment = make_assignment(client, lesson, title="Sheet 1", max_points=10)
    enrol(client, course, student)
    work = make_submission(client, assignment, student, status="checked", grade=7)
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    event.listen(client.registry["db.replica"].engine, "before_cursor_execute", note)
    try:
        student.get(f"{course}gradebook/?format=csv", status=403)
        client.get(f"{course}gradebook/?format=csv", status=401)
        assert asked == []
        (line,) = csv.DictReader(io.StringIO(teacher.get(f"{course}gradebook/?format=csv").text, newline=""))
        assert (line["student_id"], line["Sheet 1 (10)"]) == (student.id, "7")
        sheet = teacher.get(f"{assignment}submissions/grades/?status=checked").text
        (line,) = csv.DictReader(io.StringIO(sheet, newline=""))
        assert UUID(line["submission_id"]) == UUID(work.rstrip("/").rpartition("/")[2])
        assert any("submissions" in statement for statement in asked)
        assert not any("sign_in_sessions" in statement for statement in asked)
    finally:
        event.remove(client.registry["db.replica"].engine, "before_cursor_execute", note)
    with script_request(client.registry) as request:  # the next request feels it, whatever the replica knows
        standby.pause()
        request.db.execute(text("UPDATE users SET role = 'student', is_active = false"))
    teacher.get(f"{course}gradebook/?format=csv", status=401)
