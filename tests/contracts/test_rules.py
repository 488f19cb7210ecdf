"""``x-permissions`` of the Swagger document agrees with the matrix, which was written by hand."""

from typing import Any

import pytest

from tests.contracts.contributions import contributed, lacking
from tests.contracts.matrix import FIRST_PARTY, MATRIX, OPEN, Row, shape
from tests.contracts.test_explain import REFUSED_BY_THEIR_VIEWS
from tests.contracts.world import ACTORS

#: Which actors have a role in the course of the matrix, or everywhere.
HAVE = {
    "anyone": "ASETOCD",
    "signed in": "SETOCD",
    "admin": "D",
    "teacher": "TOC",
    "course owner": "O",
    "course teacher": "OC",
    "course student": "E",
    "course participant": "E",
    "submission student": "E",
    "submission author": "E",
    "certificate teacher": "OC",
    "webhook owner": "O",
    **dict(contributed("ROLES")),
}
#: Whose rows are meant by ``{own_…}`` and ``{self}``.
OWN = {
    "themselves", "certificate student", "comment author", "notification recipient", "oauth_consent user",
    "review student", "session user", "upload owner",
}  # fmt: skip
#: Rows in which a rule's condition does not hold, that are not there, or where administrators have what is theirs.
ELSEWHERE = (
    "{draft}", "{archived}", "{elsewhere}", "{hidden}", "{unseen}", "submission_X", "submission_L", "{own_certificate}",
    "{provider}",
)  # fmt: skip
JUDGED = [
    row
    for row in MATRIX
    if not any(word in row.path for word in ELSEWHERE)
    and (row.method, row.path) not in REFUSED_BY_THEIR_VIEWS
    and row.path not in ("/courses/{third}/reviews/",)  # administrators write no reviews
]


@pytest.fixture(scope="module")
def operations(stage: Any) -> dict[tuple[str, str], Any]:
    """Method and address without its ids → the operation."""
    paths = stage[0].client.get("/api/swagger.json").json["paths"]
    return {
        (method.upper(), shape(path).removeprefix("/api")): operation
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method != "parameters"
    }


@pytest.mark.parametrize("row", JUDGED, ids=lambda row: f"{row.method} {row.path}")
def test_who_has_a_role_that_a_rule_names_is_let_in_and_nobody_else(row: Row, operations: Any) -> None:
    rule = operations[row.method, shape(row.path)]["x-permissions"]
    let_in = {letter for letter, status in zip(ACTORS, row.statuses, strict=True) if status not in (401, 403, 404)}
    assert let_in == {letter for role in rule for letter in bearers(role, row)}, rule


def bearers(role: str, row: Row) -> str:
    if role in OWN:
        return ACTORS[1:] if "{own_" in row.path or "{self}" in row.path else ""
    if "{third}" in row.path and role.startswith("course "):  # whose teacher is none of the actors
        return ACTORS[1:] if role == "course participant" else ""
    assert role in HAVE, lacking("ROLES", [role])
    return HAVE[role]


def test_x_scopes_are_those_that_the_matrix_asks_for(operations: Any) -> None:
    asked: dict[tuple[str, str], set[str | None]] = {}
    for row in MATRIX:
        asked.setdefault((row.method, shape(row.path)), set()).add(row.scopes)
    for key, scopes in asked.items():
        told = " ".join(operations[key].get("x-scopes", [OPEN])) or FIRST_PARTY
        assert scopes == {None} or told in scopes, key
