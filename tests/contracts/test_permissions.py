"""Who may what: every row of the matrix for every actor, and rows addressed under a foreign parent."""

from typing import Any

import pytest

from tests.contracts.contributions import lacking
from tests.contracts.matrix import MATRIX, MISMATCHED, PROTOCOL, Row
from tests.contracts.stage import hash_of_rows, send, services, shape
from tests.contracts.world import ACTORS


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row.method} {row.path}")
def test_a_cell_answers_as_the_matrix_says_and_a_refusal_changes_no_row(row: Row, stage: Any) -> None:
    world, connection = stage
    got, before = [], hash_of_rows(connection)
    for letter in ACTORS:
        cell = connection.begin_nested()
        response = send(world, row, letter)
        got.append(response.status_int)
        if response.status_int >= 400:
            assert hash_of_rows(connection) == before, f"{letter} was refused, and yet a row changed"
            is_protocol = row.path in PROTOCOL
            assert response.content_type == ("application/json" if is_protocol else "application/problem+json")
        cell.rollback()
    assert dict(zip(ACTORS, got, strict=True)) == dict(zip(ACTORS, row.statuses, strict=True))


def test_every_view_has_a_row_in_the_matrix(stage: Any) -> None:
    world, _ = stage
    rows = {(row.method, shape(row.path)) for row in MATRIX} | {("GET", "/problems/{}/")}
    views = {(method, path) for path, methods in services(world).items() for method in methods}
    assert not views - rows, lacking("MATRIX", views - rows)


@pytest.mark.parametrize("path", MISMATCHED)
def test_a_row_under_a_foreign_parent_does_not_exist_for_any_method_and_role(path: str, stage: Any) -> None:
    world, connection = stage
    methods = services(world)[shape(path)]
    before = hash_of_rows(connection)
    for method in sorted(methods):
        for letter in ACTORS:
            body = {} if method in ("POST", "PUT", "PATCH") else None
            response = send(world, Row(method, path, (), body), letter)
            allowed = (404, 401) if letter == "A" else (404,)
            assert response.status_int in allowed, f"{method} as {letter}"
    assert hash_of_rows(connection) == before
