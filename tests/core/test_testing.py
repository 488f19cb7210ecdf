"""The fixtures themselves: a test that can't fail shows nothing."""

import pytest
from webtest import AppError

from courseplatform.testing import Client, counted_statements
from tests.factories.accounts import Actor


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
