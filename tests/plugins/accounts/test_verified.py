"""``accounts.require_verified_email``: what waits until an address is verified."""

from collections.abc import Iterator
from typing import Any

import pytest

from courseplatform.testing import counted_statements, make_app, rolled_back
from plugins.accounts.models import User
from tests.contracts.matrix import ASSIGNMENT, COMMENT, LESSON, OWN_SUBMISSION, UPLOAD, Row, r
from tests.contracts.stage import hash_of_rows, send
from tests.contracts.world import ACTORS, World

#: Statuses as in the matrix, for A S E T O C D, while nobody's address is verified.
GATED = [
    r("PUT", "/courses/{course}/enrollments/me/", "401 403 403 403 403 403 403"),
    r("POST", LESSON + "assignments/{spare}/submissions/", "401 403 403 403 403 403 403", {"text": "my work"}),
    r("PUT", OWN_SUBMISSION, "401 404 403 404 403 403 403", {"text": "better"}),
    r("POST", "/uploads/", "401 403 403 403 403 403 403", UPLOAD),
    r("PATCH", OWN_SUBMISSION, "401 404 403 404 403 403 403", {"text": "better"}),
    r("POST", LESSON + "comments/", "401 403 403 403 403 403 403", COMMENT),
    r("POST", ASSIGNMENT + "comments/", "401 403 403 403 403 403 403", COMMENT),
    r("POST", OWN_SUBMISSION + "comments/", "401 404 403 404 403 403 403", COMMENT),
    r("PUT", LESSON + "comments/{comment_lesson_E}/", "401 404 403 404 404 404 403", COMMENT),
    r("PATCH", LESSON + "comments/{comment_lesson_E}/", "401 404 403 404 404 404 403", COMMENT),
    r("POST", "/courses/{course}/reviews/", "401 403 403 403 403 403 403", {"rating": 5}),
    r("PUT", "/courses/{third}/reviews/{own_review}/", "401 403 403 403 403 403 403", {"rating": 1}),
    r("PATCH", "/courses/{third}/reviews/{own_review}/", "401 403 403 403 403 403 403", {"rating": 1}),
]

OPEN = [
    r("GET", "/courses/{course}/", "200 200 200 200 200 200 200"),
    r("GET", LESSON + "comments/", "401 403 200 403 200 200 200"),
    r("GET", OWN_SUBMISSION, "401 404 200 404 200 200 200"),
    r("DELETE", "/courses/{course}/enrollments/me/", "401 404 204 404 404 404 404"),
    r("DELETE", OWN_SUBMISSION, "401 404 204 404 403 403 403"),
    r("DELETE", LESSON + "comments/{comment_lesson_E}/", "401 404 204 404 204 204 204"),
    r("DELETE", "/courses/{third}/reviews/{own_review}/", "401 204 204 204 204 204 204"),
    r("PATCH", "/users/me/", "401 200 200 200 200 200 200", {"first_name": "New"}),
    r("PATCH", "/courses/{course}/", "401 403 403 403 200 200 200", {"title": "New title"}),
    r("PUT", OWN_SUBMISSION + "grade/", "401 404 403 404 200 200 200", {"grade": 60}),
    r("POST", "/auth/email-verification/", "401 202 202 202 202 202 202"),
]


@pytest.fixture(scope="module")
def gated_stage(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The world of the matrix where addresses must be verified, and nobody's is."""
    app = make_app(database_url, tmp_path_factory.mktemp("gated"), **{"accounts.require_verified_email": "true"})
    with rolled_back(app) as (client, connection):
        yield World(client), connection
    app.registry["db.engine"].dispose()


def verify_everybody(world: World) -> None:
    with world.client.script() as request:
        for letter in ACTORS[1:]:
            request.db.get_one(User, world.user(letter)).email_verified_at = request.now


def answers(stage: Any, row: Row, *, are_verified: bool = False) -> dict[str, Any]:
    world, connection = stage
    found = {}
    for letter in ACTORS:
        cell = connection.begin_nested()
        if are_verified:
            verify_everybody(world)
        before = hash_of_rows(connection)
        found[letter] = send(world, row, letter)
        assert found[letter].status_int < 400 or hash_of_rows(connection) == before
        cell.rollback()
    return found


@pytest.mark.parametrize("row", GATED, ids=lambda row: f"{row.method} {row.path}")
def test_nobody_takes_part_before_their_address_is_verified(row: Row, gated_stage: Any) -> None:
    before, after = answers(gated_stage, row), answers(gated_stage, row, are_verified=True)
    assert [answer.status_int for answer in before.values()] == list(row.statuses)
    codes = {letter: answer.json["code"] for letter, answer in before.items()}
    may = {letter for letter, answer in after.items() if answer.status_int < 300}
    assert may
    for letter in may:
        assert codes[letter] == "email_not_verified"
    assert "email_not_verified" not in {answer.json.get("code") for answer in after.values() if answer.content_length}


@pytest.mark.parametrize("row", OPEN, ids=lambda row: f"{row.method} {row.path}")
def test_everything_else_stays_open(row: Row, gated_stage: Any) -> None:
    assert [answer.status_int for answer in answers(gated_stage, row).values()] == list(row.statuses)


def test_the_gate_comes_before_validation_and_costs_no_statement(gated_stage: Any) -> None:
    world, _ = gated_stage
    path = world.fill("/courses/{course}/reviews/", "E")
    with counted_statements(world.client.registry) as statements:
        answer = world.actors["E"].post(path, {"rating": "five"}, status=403)
    assert answer.json["code"] == "email_not_verified"
    assert len(statements) == 2  # the lineage and the identity


def test_verifying_opens_the_gate_at_once(gated_stage: Any) -> None:
    world, connection = gated_stage
    cell = connection.begin_nested()
    actor = world.actors["S"]
    path = world.fill("/courses/{course}/enrollments/me/", "S")
    assert actor.put(path, status=403).json["code"] == "email_not_verified"
    verify_everybody(world)
    actor.put(path, status=201)
    cell.rollback()
