"""OPTIONS tells what an address takes, and nothing of what is there."""

import pytest

from courseplatform.testing import Client, counted_statements
from tests.factories.accounts import Actor
from tests.factories.courses import make_course

MISSING = "/api/courses/0190a000-0000-7000-8000-000000000000/"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/courses/", "GET, HEAD, OPTIONS, POST"),
        (MISSING, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/api/auth/login/", "OPTIONS, POST"),
        ("/api/", "GET, HEAD, OPTIONS"),
        ("/health/live", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_is_204_with_allow_and_asks_no_database(client: Client, path: str, allowed: str) -> None:
    with counted_statements(client.registry) as statements:
        answer = client.call("OPTIONS", path, status=204)
    assert answer.headers["Allow"] == allowed
    assert answer.body == b""
    assert "Content-Type" not in answer.headers
    assert answer.headers["X-Request-ID"]
    assert statements == []


def test_options_of_a_hidden_row_is_that_of_a_missing_one(client: Client, teacher: Actor, student: Actor) -> None:
    draft = make_course(client, teacher, "draft")
    own = {"X-Request-ID": "the-same-for-all"}
    for actor in (client, student, teacher, client.as_("nonsense")):
        hidden, missing = (actor.call("OPTIONS", path, status=204, headers=own) for path in (draft, MISSING))
        assert dict(hidden.headers) == dict(missing.headers)


def test_options_of_no_address_is_404(client: Client) -> None:
    for path in ("/nowhere/", "/api/courses/x/", "/api/courses/../users/"):
        client.call("OPTIONS", path, status=404)


def test_options_without_the_slash_is_308(client: Client) -> None:
    assert client.call("OPTIONS", "/api/courses?x=1", status=308).headers["Location"] == "/api/courses/?x=1"
