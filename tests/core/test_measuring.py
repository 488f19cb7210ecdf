"""Each request is measured once, whatever becomes of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from courseplatform.measuring import Measured
from courseplatform.testing import Client, counted_statements

CRASH = "/api/sandbox/crash/"


@pytest.fixture
def told(sandbox_app: Any) -> Iterator[list[Measured]]:
    found: list[Measured] = []
    observers = sandbox_app.registry["measuring.observers"]
    observers.append(lambda request, measured: found.append(measured))
    yield found
    observers.pop()


def test_a_request_is_named_by_its_template_and_by_the_plugin_that_added_it(
    client: Client, told: list[Measured]
) -> None:
    client.get("/api/courses/3f0c1f9e-7a44-4c55-9a68-7b9c35d2e9a1/", status=404)
    client.get("/api/")
    assert [(one.route, one.plugin, one.status) for one in told] == [
        ("/api/courses/{course_id}/", "plugins.courses", 404),
        ("/api/", "core", 200),
    ]


@pytest.mark.parametrize(
    ("path", "status"), [("/no/such/address/", 404), ("/api/%00/", 400), ("/api/%ff/", 400), ("/api/courses", 308)]
)
def test_what_is_refused_before_any_route_has_none(
    path: str, status: int, client: Client, told: list[Measured]
) -> None:
    client.get(path, status=status)
    assert [(one.route, one.plugin, one.status) for one in told] == [("unmatched", "core", status)]


def test_a_crash_is_measured_as_what_the_client_sees(client: Client, told: list[Measured]) -> None:
    client.get(CRASH, status=500)
    assert [(one.route, one.status, one.attempts) for one in told] == [("/api/sandbox/crash/", 500, 1)]


def test_a_retried_request_is_measured_once_with_both_its_attempts(
    committing_client: Client, told: list[Measured]
) -> None:
    committing_client.registry["sandbox.attempts"] = 0
    committing_client.post("/api/sandbox/deadlock/", status=200)
    assert [(one.status, one.attempts, one.sql_statements) for one in told] == [(200, 2, 1)]


def test_statements_are_counted_and_timed_also_those_that_fail(committing_client: Client, told: list[Measured]) -> None:
    with counted_statements(committing_client.registry) as statements:
        committing_client.post("/api/sandbox/writes/", status=200)
        committing_client.post("/api/sandbox/writes/?then=sleep&name=other", status=503)
    quick, slow = told
    assert quick.sql_statements + slow.sql_statements == len(statements)
    assert 0 < quick.sql_s < quick.duration_s
    assert slow.duration_s > slow.sql_s > 0.05


def test_what_comes_as_not_modified_is_measured_as_that(client: Client, told: list[Measured]) -> None:
    first = client.get("/api/problems/")
    client.get("/api/problems/", status=304, headers={"If-None-Match": first.headers["ETag"]})
    assert [(one.status, one.response_bytes) for one in told] == [(200, len(first.body)), (304, 0)]


def test_statements_of_nobodys_request_are_nobodys(client: Client, told: list[Measured]) -> None:
    with client.script() as request:
        request.db.connection().exec_driver_sql("SELECT 1")
    client.get("/health/live")
    assert [one.sql_statements for one in told] == [0]


def test_an_application_beside_another_counts_its_own(client: Client, told: list[Measured]) -> None:
    from .conftest import build

    other: Any = build()
    seen: list[Measured] = []
    other.registry["measuring.observers"].append(lambda request, measured: seen.append(measured))
    Client(other).get("/health/live")
    assert len(seen) == 1
    assert told == []
