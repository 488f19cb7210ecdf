"""The fixtures themselves: a test that can't fail shows nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from webtest import AppError

from courseplatform.testing import Client, Clock, Queue, counted_statements, fixture_modules
from tests.factories.accounts import Actor

from . import sandbox_jobs


def test_a_client_checks_the_status(client: Client) -> None:
    with pytest.raises(AppError):
        client.get("/api/", status=404)
    with pytest.raises(AppError):
        client.get("/api/nothing/")
    with pytest.raises(AppError):
        client.post("/api/auth/login/", {}, status=200)
    with pytest.raises(AppError):
        client.call("POST", "/api/auth/login/", raw=b"{}", content_type="application/json", status=200)
    assert client.call("GET", "/api/nothing/").status_int == 404


def test_statements_are_counted_whichever_connection_sends_them(committing_client: Client) -> None:
    with counted_statements(committing_client.registry) as statements:
        committing_client.get("/api/courses/")  # AUTOCOMMIT
        committing_client.post("/api/auth/login/", {"username": "nobody", "password": "x" * 10}, status=401)
    assert len(statements) == 2


def test_time_moves_only_when_it_is_moved(client: Client, student: Actor) -> None:
    before = client.clock()
    client.clock.move(hours=2)
    assert (client.clock() - before).total_seconds() >= 7200


def test_the_queue_shows_what_waits_and_runs_it(client: Client, queue: Queue) -> None:
    with client.script() as request:
        request.enqueue(sandbox_jobs.write_row, name="later", delay_s=60)
        request.enqueue(sandbox_jobs.write_row, name="now")
    first, second = queue.pending()
    assert first == ("tests.core.sandbox_jobs.write_row", {"name": "now"})
    assert second[1] == {"name": "later"}
    assert queue.run_one()
    assert not queue.run_one()
    assert queue.pending() == [second]


def test_a_job_that_fails_fails_the_test(client: Client, queue: Queue) -> None:
    with client.script() as request:
        request.enqueue(sandbox_jobs.fail, name="x")
    with pytest.raises(AssertionError, match=r"sandbox_jobs.fail failed: ZeroDivisionError"):
        queue.run_all()


def test_the_clock_is_the_applications(client: Client, clock: Clock) -> None:
    clock.move(days=1)
    with client.script() as request:
        assert request.now == pytest.approx(datetime.now(UTC) + timedelta(days=1), abs=timedelta(seconds=30))


def test_plugins_that_are_on_bring_their_fixtures(student: Client, teacher: Client, admin: Client, course: str) -> None:
    assert student.get(course).json["status"] == "published"
    teacher.patch(course, {"title": "Mine"})
    student.patch(course, {"title": "Mine"}, status=403)
    admin.get("/api/users/")


def test_what_a_plugin_switches_on_brings_its_fixtures_too() -> None:
    assert fixture_modules(["plugins.enrollments"]) == [
        "plugins.accounts.testing",
        "plugins.courses.testing",
        "plugins.enrollments.testing",
    ]
    assert fixture_modules([]) == []


def test_what_a_test_gave_up_keeps_no_lock_from_the_next(wsgi_app: Any) -> None:
    engine = wsgi_app.registry["db.engine"]
    with pytest.raises(OperationalError, match="has not answered within"), engine.connect() as connection:
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.text("LOCK TABLE outbox"))
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.bound_s = 0.2
        connection.execute(sa.text("SELECT pg_sleep(60)"))
    with engine.connect() as connection:  # waits for a lock as long as the application does
        connection.execute(sa.text("LOCK TABLE outbox"))
