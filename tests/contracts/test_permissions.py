"""Who may what: every row of the matrix for every actor, and rows addressed under a foreign parent."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from courseplatform.db import Base
from courseplatform.testing import rolled_back
from tests.contracts.matrix import MATRIX, MISMATCHED, Row
from tests.contracts.world import ACTORS, World

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def stage(wsgi_app: Any) -> Iterator[tuple[World, sa.Connection]]:
    """The world, built once, and the connection on which each cell is rolled back."""
    with rolled_back(wsgi_app) as (client, connection):
        yield World(client), connection


def hash_of_rows(connection: sa.Connection) -> str:
    """A hash over every row of every table."""
    parts = [
        f"SELECT '{name}' AS name, md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS hash FROM {name} t"
        for name in sorted(Base.metadata.tables)
    ]
    rows = connection.execute(sa.text(" UNION ALL ".join(parts))).all()
    return hashlib.sha256(repr(sorted(map(tuple, rows))).encode()).hexdigest()


def filled(world: World, body: Any, letter: str) -> Any:
    text = json.dumps(body)
    return json.loads(re.sub(r"\{(\w+)\}", lambda m: world.fill(f"{{{m[1]}}}", letter).removeprefix("/api"), text))


def send(world: World, row: Row, letter: str) -> Any:
    path = world.fill(row.path, letter)
    body = filled(world, row.body, letter) if row.body is not None else None
    headers = {"If-Match": "*"} if row.method in ("PUT", "PATCH", "DELETE") else {}
    return world.actors[letter].call(row.method, path, body, headers=headers)


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row.method} {row.path}")
def test_a_cell_answers_as_the_matrix_says_and_a_refusal_changes_no_row(row: Row, stage: Any) -> None:
    world, connection = stage
    got = []
    for letter in ACTORS:
        cell = connection.begin_nested()
        before = hash_of_rows(connection)
        response = send(world, row, letter)
        got.append(response.status_int)
        if response.status_int >= 400:
            assert hash_of_rows(connection) == before, f"{letter} was refused, and yet a row changed"
            assert response.content_type == "application/problem+json"
        cell.rollback()
    assert dict(zip(ACTORS, got, strict=True)) == dict(zip(ACTORS, row.statuses, strict=True))


def shape(path: str) -> str:
    return re.sub(r"\{[^/]*?\}", "{}", path.partition("?")[0])


def services(world: World) -> dict[str, set[str]]:
    """Address without its ids → methods, as registered."""
    found: dict[str, set[str]] = {}
    for service in world.client.registry.cornice_services.values():
        methods = {method for method, _, _ in service.definitions} - {"HEAD", "OPTIONS"}
        found.setdefault(shape(service.public_path.removeprefix("/api")), set()).update(methods)
    return found


def test_every_view_has_a_row_in_the_matrix(stage: Any) -> None:
    world, _ = stage
    rows = {(row.method, shape(row.path)) for row in MATRIX} | {("GET", "/problems/{}/")}
    views = {(method, path) for path, methods in services(world).items() for method in methods}
    assert views - rows == set()


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
