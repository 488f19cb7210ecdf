"""Why not, and what one may, over the whole matrix: it is true, it tells of nobody else, and it costs no statement."""

import re
from typing import Any

import pytest

from courseplatform.testing import counted_statements
from tests.contracts.matrix import MATRIX, Row
from tests.contracts.stage import send
from tests.contracts.test_explain import REFUSED_BY_THEIR_VIEWS
from tests.contracts.world import ACTORS

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Who, of the actors, has what a 403 says is missing, in the course of the matrix.
HAVE = {"admin": "D", "teacher": "OC", "course teacher": "OC", "course owner": "O", "course student": "E"}
#: Where they don't have it, or see nothing.
ELSEWHERE = re.compile(r"\{(own_\w+|self|elsewhere|third|draft)\}")
BY_THEIR_VIEWS = {(method, path.partition("?")[0]) for method, path in REFUSED_BY_THEIR_VIEWS}

REFUSING = [row for row in MATRIX if 403 in row.statuses]
READING = [row for row in MATRIX if row.method == "GET" and "?" not in row.path and 200 in row.statuses]


@pytest.mark.parametrize("row", REFUSING, ids=lambda row: f"{row.method} {row.path}")
def test_a_403_says_what_is_missing_and_whoever_has_that_is_let_in(row: Row, stage: Any) -> None:
    world, connection = stage
    for letter, status in zip(ACTORS, row.statuses, strict=True):
        if status not in (403, 404):
            continue
        cell = connection.begin_nested()
        body = send(world, row, letter).json
        cell.rollback()
        assert set(UUID.findall(str(body))) <= set(UUID.findall(world.fill(row.path, letter))), f"as {letter}"
        if status == 404:
            assert not {"rule", "missing"} & set(body), f"as {letter}"
        elif body["code"] == "forbidden":
            assert body["rule"] and isinstance(body["missing"], list) and body["remedy"], f"as {letter}: {body}"
            check_missing(row, body["missing"], letter)


def check_missing(row: Row, missing: list[str], letter: str) -> None:
    if ELSEWHERE.search(row.path) or (row.method, row.path) in REFUSED_BY_THEIR_VIEWS:
        return
    for word in missing:
        for other in set(HAVE.get(word, "")) - {letter}:
            assert row.statuses[ACTORS.index(other)] not in (401, 403, 404), f"{letter} was told of {word}"


@pytest.mark.parametrize("row", READING, ids=lambda row: row.path)
def test_what_a_node_says_that_one_may_is_what_http_answers_and_costs_no_statement(row: Row, stage: Any) -> None:
    world, _ = stage
    for letter, status in zip(ACTORS, row.statuses, strict=True):
        if status != 200:
            continue
        with counted_statements(world.client.registry) as plain:
            answer = send(world, row, letter)
        with counted_statements(world.client.registry) as explained:
            told = send(world, row._replace(path=f"{row.path}?explain=permissions"), letter)
        assert len(explained) <= max(len(plain), 1), f"as {letter}"  # where nobody had to be known, who they are
        if told.status_int == 422:  # takes no query, or is no JSON
            assert answer.content_type != "application/json" or told.json["errors"][0]["name"] == "explain"
            continue
        assert told.json["methods"][f"GET {world.fill(row.path, letter)}"] is True
        check_methods(world, told.json["methods"], letter)
        ids = {*UUID.findall(str(answer.json)), *UUID.findall(world.fill(row.path, letter))}
        assert set(UUID.findall(str(told.json))) <= ids, f"as {letter}"


def check_methods(world: Any, methods: dict[str, bool], letter: str) -> None:
    for row in MATRIX:
        may = methods.get(f"{row.method} {world.fill(row.path, letter)}")
        if may is not None and (row.method, row.path) not in BY_THEIR_VIEWS:
            status = row.statuses[ACTORS.index(letter)]
            assert may is (status not in (401, 403, 404)), f"{row.method} {row.path} as {letter}: {may}, but {status}"


def test_a_permission_whose_refusal_hides_is_not_explained(stage: Any) -> None:
    world, _ = stage
    row = Row("GET", "/courses/{course}/lessons/{lesson}/comments/{comment_lesson_X}/?explain=permissions", ())
    assert send(world, row, "E").json["permissions"]["comment:edit"] == {"allowed": False}
    assert send(world, row, "D").json["permissions"]["comment:edit"] == {"allowed": True, "decided_by": "admin"}
