"""Rows to JSON: batches, extensions."""

import re
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from courseplatform.representation import Extension
from courseplatform.service import JsonRenderer
from courseplatform.testing import Client, counted_statements, id_of
from plugins.courses.api import Course
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import add_co_teacher, make_course


def test_a_page_of_extensions_costs_one_statement(client: Client) -> None:
    for _ in range(5):
        make_course(client, make_user(client, "teacher"))
    with counted_statements(client.registry) as statements:
        rows = client.get("/api/courses/?expand=teacher").json["results"]
    assert len(statements) == 2, statements
    assert len({row["extensions"]["teacher"]["id"] for row in rows}) == 5
    assert all(row["extensions"]["teacher"]["id"] == row["teacher_id"] for row in rows)


def test_an_extension_that_nobody_asked_for_costs_nothing(client: Client, teacher: Actor) -> None:
    make_course(client, teacher)
    with counted_statements(client.registry) as statements:
        (row,) = client.get("/api/courses/").json["results"]
    assert len(statements) == 1
    assert "extensions" not in row


def test_what_a_representation_needs_is_loaded_once_a_page(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    for _ in range(5):
        add_co_teacher(client, course, make_user(client, "teacher"))
    with counted_statements(client.registry) as statements:
        rows = teacher.get(f"{course}teachers/").json["results"]
    assert len(rows) == 5
    assert len(statements) == 3, statements  # lineage with identity, page, cards
    assert all(row["user"]["id"] == row["user_id"] for row in rows)


@pytest.mark.parametrize("expand", ["nothing", "teacher,nothing", "__class__", "teacher;teacher", "TEACHER"])
def test_an_unknown_extension_is_422(client: Client, teacher: Actor, expand: str) -> None:
    course = make_course(client, teacher)
    for path in (course, "/api/courses/"):
        answer = client.get(f"{path}?expand={quote(expand)}", status=422)
        assert [fault["name"] for fault in answer.json["errors"]] == ["expand"]


def test_an_unknown_extension_is_422_on_an_empty_page_too(client: Client) -> None:
    client.get("/api/courses/?expand=nothing", status=422)
    client.get("/api/courses/?expand=teacher")


def test_an_extension_asked_for_twice_is_given_once(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    assert list(client.get(f"{course}?expand=teacher,%20teacher,").json["extensions"]) == ["teacher"]


def test_a_write_that_asks_for_an_unknown_extension_changes_nothing(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    teacher.patch(f"{course}?expand=nothing", {"title": "New"}, status=422)
    assert client.get(course).json["title"] == "Algebra"


def test_times_are_utc_with_z(client: Client, teacher: Actor) -> None:
    assert client.get(make_course(client, teacher)).json["created_at"].endswith("Z")


class Bare:
    """A row that nobody makes JSON of."""


def test_a_model_without_a_representation_is_named(client: Client) -> None:
    with client.script() as request, pytest.raises(LookupError, match=r"Bare has no JSON: config.add_representation"):
        request.represent(Bare())


@pytest.mark.parametrize("loaded", [lambda row: {row.id: row}, lambda row: [row], lambda row: None])
def test_an_extension_that_loads_rows_or_no_dict_is_named(
    client: Client, teacher: Actor, loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = make_course(client, teacher)

    def load_wrongly(request: Any, rows: list[Any]) -> Any:
        return loaded(rows[0])

    monkeypatch.setitem(client.registry["extensions"][Course], "teacher", Extension(load_wrongly))
    told = r"load_wrongly gives a \w+; the extension 'teacher' is {row.id: JSON value}"
    with client.script() as request, pytest.raises(TypeError, match=told):
        request.validated = {"querystring": {"expand": "teacher"}}
        request.represent(request.db.get(Course, UUID(id_of(course))))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"results": [{"extensions": {"level": object()}}]}, "the answer.results[0].extensions.level: a object"),
        ([{"size": Decimal(1)}], "the answer[0].size: a Decimal"),
        ({"counts": {1: "one"}}, "the answer.counts: a key that is a int"),
    ],
)
def test_what_is_no_json_is_named_with_its_place(value: Any, told: str, client: Client) -> None:
    with client.script() as request, pytest.raises(TypeError, match=re.escape(f"{told} is no JSON")):
        JsonRenderer()(value, {"request": request})
