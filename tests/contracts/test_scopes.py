"""Scopes over the whole matrix: no token may more than its user, and none touches accounts."""

from typing import Any

import pytest

from tests.contracts.matrix import MATRIX, Row
from tests.contracts.stage import send, shape
from tests.contracts.world import ACTORS
from tests.factories.accounts import Actor
from tests.factories.oauth import make_personal_token

#: Writing that needs no right at all, so that no scope can withhold it; and userinfo, which only reads.
ANYBODYS = ("/auth/", "/oauth/userinfo/", "/uploads/{upload_X}/content/")

#: What stays with those who signed in, whatever scopes a token has. By hand, like the matrix.
FIRST_PARTY = [
    ("POST", "/auth/logout/"),
    ("GET", "/auth/sessions/"),
    ("POST", "/auth/password-change/"),
    ("PATCH", "/users/me/"),
    ("DELETE", "/users/me/"),
    ("PUT", "/users/{self}/"),
    ("PATCH", "/users/{self}/"),
    ("DELETE", "/users/{user_X}/"),
    ("GET", "/users/"),
    ("GET", "/oauth/authorize/"),
    ("POST", "/oauth/authorize/"),
    ("GET", "/oauth/clients/"),
    ("POST", "/oauth/clients/"),
    ("PATCH", "/oauth/clients/{oauth_client}/"),
    ("DELETE", "/oauth/clients/{oauth_client}/"),
    ("POST", "/oauth/clients/{oauth_client}/secret/"),
    ("GET", "/oauth/consents/"),
    ("DELETE", "/oauth/consents/{own_consent}/"),
    ("GET", "/users/me/tokens/"),
    ("POST", "/users/me/tokens/"),
    ("DELETE", "/users/me/tokens/{own_token}/"),
    ("GET", "/webhooks/"),
    ("POST", "/webhooks/"),
    ("PATCH", "/webhooks/{webhook}/"),
    ("POST", "/webhooks/{webhook}/secret/"),
    ("POST", "/webhooks/{webhook}/replay/"),
]


@pytest.fixture(scope="module")
def scoped_stage(stage: Any) -> Any:
    """The world of the matrix; each actor also has a token with every scope, and one with every scope for reading."""
    world, connection = stage
    scopes = sorted(world.client.registry["scopes"])
    reading = [name for name in scopes if not name.endswith(":write")]
    for letter in ACTORS[1:]:
        actor = world.actors[letter]
        actor.every = make_personal_token(actor, *scopes)["token"]
        actor.reading = make_personal_token(actor, *reading)["token"]
    return world, connection


def send_as(world: Any, row: Row, letter: str, token: str) -> Any:
    actor = world.actors[letter]
    world.actors[letter] = Actor(actor.app, token, actor.user_id)
    try:
        return send(world, row, letter)
    finally:
        world.actors[letter] = actor


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row.method} {row.path}")
def test_no_token_may_more_than_its_user_and_none_that_reads_may_write(row: Row, scoped_stage: Any) -> None:
    world, connection = scoped_stage
    for letter, expected in zip(ACTORS[1:], row.statuses[1:], strict=True):
        actor = world.actors[letter]
        for token in (actor.every, actor.reading) if letter in "EOD" else (actor.every,):
            cell = connection.begin_nested()
            response = send_as(world, row, letter, token)
            cell.rollback()
            if response.status_int != expected:
                assert response.status_int == 403, letter
            if token == actor.reading and row.method != "GET" and response.status_int < 300:
                assert row.path.startswith(ANYBODYS), letter


@pytest.mark.parametrize(("method", "path"), FIRST_PARTY)
def test_no_token_touches_sessions_passwords_tokens_clients_or_accounts(
    method: str, path: str, scoped_stage: Any
) -> None:
    world, connection = scoped_stage
    rows = [row for row in MATRIX if (row.method, shape(row.path)) == (method, shape(path)) and row.statuses[-1] != 404]
    assert rows, "the matrix has no such row"
    for row in rows:
        cell = connection.begin_nested()
        response = send_as(world, row, "D", world.actors["D"].every)
        cell.rollback()
        assert response.status_int == 403 and response.json["code"] == "insufficient_scope"
        assert "scope=" not in response.headers["WWW-Authenticate"]
