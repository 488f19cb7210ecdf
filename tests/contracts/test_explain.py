"""``courseplatform explain`` over the whole matrix: what it says is what HTTP answers."""

from typing import Any

import pytest

from courseplatform.inspection.explain import explain
from plugins.accounts.models import User
from tests.contracts.matrix import LOST, MATRIX, OPEN, OTHER_SUBMISSION, Row
from tests.contracts.stage import hash_of_rows
from tests.contracts.world import ACTORS

#: Here the views themselves answer 401, 403 or 404, for what is sent or what is missing: no matter of rights.
REFUSED_BY_THEIR_VIEWS = [
    ("POST", "/auth/login/"),
    ("POST", "/auth/token/"),
    ("POST", "/auth/token/refresh/"),
    ("GET", "/courses/{course}/enrollments/me/"),
    ("DELETE", "/courses/{course}/enrollments/me/"),
    ("GET", "/courses/{course}/progress/"),
    ("GET", "/courses/{draft}/progress/"),
    ("GET", OTHER_SUBMISSION + "file/"),
    ("DELETE", "/courses/{course}/?force=true"),
    ("POST", "/users/certificates/"),
    ("PATCH", "/users/me/"),
    ("PATCH", "/users/{self}/"),
    ("DELETE", "/users/{self}/"),
    ("GET", "/events/?course_id={course}"),
    ("POST", "/webhooks/"),
]


@pytest.fixture(scope="module")
def usernames(stage: Any) -> dict[str, str | None]:
    world, _ = stage
    with world.client.script() as request:
        named = {letter: request.db.get_one(User, world.user(letter)).username for letter in ACTORS[1:]}
    return {"A": None, **named}


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row.method} {row.path}")
def test_the_status_it_tells_is_the_status_that_http_answers(row: Row, stage: Any, usernames: Any) -> None:
    world, connection = stage
    before = hash_of_rows(connection)
    for letter, status in zip(ACTORS, row.statuses, strict=True):
        told = explain(world.client.registry, row.method, world.fill(row.path, letter), usernames[letter])
        text = "\n".join(told.lines)
        if told.status is None:
            is_refused = status in (401, 403, 404) and (row.method, row.path) not in REFUSED_BY_THEIR_VIEWS
            assert not is_refused, f"{letter} is refused with {status}, and yet:\n{text}"
        else:
            assert told.status == status, f"{letter}: {text}"
    assert hash_of_rows(connection) == before


@pytest.mark.parametrize("key", [key for key, rows in LOST.items() if rows and rows[0].scopes != OPEN])
def test_what_is_deleted_or_beneath_a_foreign_parent_is_told_to_be_missing(
    key: str, stage: Any, usernames: Any
) -> None:
    world, _ = stage
    for row in LOST[key]:
        told = explain(world.client.registry, row.method, world.fill(row.path, "D"), usernames["D"])
        assert told.status == 404, row.path
        assert "MISSING" in "\n".join(told.lines), row.path
