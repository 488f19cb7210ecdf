"""What ``?expand=`` says of people, extension by extension: names to everyone, the card to those who are signed in."""

from typing import Any

import pytest

from tests.contracts.contributions import contributed, lacking
from tests.contracts.matrix import ASSIGNMENT, LESSON, OWN_SUBMISSION, r
from tests.contracts.stage import send

NAMES = {"id", "first_name", "last_name"}
CARD = {*NAMES, "username", "role"}

#: Table, key, addresses, and what an anonymous caller is answered there. By hand: every extension that names people.
EXTENSIONS = [
    ("courses", "teacher", ("/courses/", "/courses/{course}/"), 200),
    ("reviews", "student", ("/courses/{course}/reviews/", "/courses/{course}/reviews/{review_X}/"), 200),
    ("comments", "author", (LESSON + "comments/", ASSIGNMENT + "comments/", OWN_SUBMISSION + "comments/"), 401),
    ("enrollments", "student", ("/courses/{course}/enrollments/",), 401),
    ("submissions", "student", (ASSIGNMENT + "submissions/", OWN_SUBMISSION), 401),
]
#: Table and key of those that name nobody.
NAMELESS = [("submissions", "etag"), ("courses", "headline"), ("lessons", "headline")]


def cards(answer: Any, key: str) -> list[Any]:
    return [row["extensions"][key] for row in answer.json.get("results", [answer.json])]


@pytest.mark.parametrize(("table", "key", "paths", "status"), EXTENSIONS)
def test_only_those_who_are_signed_in_learn_usernames_and_roles(
    stage: Any, table: str, key: str, paths: tuple[str, ...], status: int
) -> None:
    world, _ = stage
    for path in paths:
        row = r("GET", f"{path}?expand={key}", "")
        told = cards(send(world, row, "O"), key)
        assert told and {frozenset(card) for card in told} == {frozenset(CARD)}
        answer = send(world, row, "A")
        assert answer.status_int == status
        if status == 200:
            told = cards(answer, key)
            assert told and {frozenset(card) for card in told} == {frozenset(NAMES)}


def test_no_extension_is_forgotten_here(wsgi_app: Any) -> None:
    known = wsgi_app.registry["extensions"].items()
    found = {(model.__tablename__, key) for model, keys in known for key in keys}
    listed = {*((table, key) for table, key, _, _ in EXTENSIONS), *NAMELESS, *contributed("NAMELESS")}
    assert found == listed, lacking("NAMELESS", found - listed)
