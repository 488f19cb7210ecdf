"""Pages: forwards, backwards, while rows come and go."""

import base64
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import delete

from courseplatform.errors import Invalid
from courseplatform.jobs import OutboxJob
from courseplatform.pagination import read_cursor
from courseplatform.testing import Client
from plugins.courses.models import Course
from tests.factories.accounts import Actor
from tests.factories.courses import id_of, make_course


@pytest.fixture
def courses(client: Client, teacher: Actor) -> list[str]:
    """Seven published courses, newest first."""
    return [id_of(make_course(client, teacher)) for _ in range(7)][::-1]


def ids(page: Any) -> list[str]:
    return [row["id"] for row in page["results"]]


def pages(client: Client, url: str | None, direction: str = "next") -> Iterator[Any]:
    while url:
        page = client.get(url).json
        yield page
        url = page[direction]


def cursor_of(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def test_a_list_is_read_forwards_to_its_end(client: Client, courses: list[str]) -> None:
    read = list(pages(client, "/api/courses/?limit=3"))
    assert [ids(page) for page in read] == [courses[:3], courses[3:6], courses[6:]]
    assert read[0]["previous"] is None
    assert set(read[0]) == {"results", "next", "previous"}


def test_a_list_is_read_backwards_to_its_start(client: Client, courses: list[str]) -> None:
    *_, last = pages(client, "/api/courses/?limit=3")
    backwards = list(pages(client, last["previous"], "previous"))
    assert [ids(page) for page in backwards] == [courses[3:6], courses[:3]]
    assert client.get(backwards[0]["next"]).json["results"] == last["results"]


def test_an_exact_last_page_has_no_next(client: Client, courses: list[str]) -> None:
    page = client.get("/api/courses/?limit=7").json
    assert ids(page) == courses
    assert page["next"] is page["previous"] is None


def test_the_order_can_be_turned_round_and_stays_so_on_the_next_page(client: Client, courses: list[str]) -> None:
    read = [ids(page) for page in pages(client, "/api/courses/?limit=4&ordering=created_at")]
    assert list(chain(*read)) == courses[::-1]


def test_filters_stay_on_the_next_page(client: Client, teacher: Actor, courses: list[str]) -> None:
    make_course(client, teacher, "draft")
    read = list(pages(teacher, "/api/courses/?limit=3&status=published&search=Algebra"))
    assert list(chain(*map(ids, read))) == courses
    assert "search=Algebra" in read[0]["next"]


def test_rows_that_come_in_between_neither_repeat_nor_hide_others(
    client: Client, teacher: Actor, courses: list[str]
) -> None:
    first = client.get("/api/courses/?limit=3").json
    newest = id_of(make_course(client, teacher))
    second = client.get(first["next"]).json
    assert ids(second) == courses[3:6]
    assert ids(client.get(second["previous"]).json) == courses[:3]
    assert newest == ids(client.get("/api/courses/?limit=1").json)[0]


def test_rows_that_go_in_between_neither_repeat_nor_hide_others(client: Client, courses: list[str]) -> None:
    first = client.get("/api/courses/?limit=3").json
    with client.script() as request:  # the very row that the cursor stands on, and one on either side
        request.db.execute(delete(Course).where(Course.id.in_(courses[1:4])))
    assert ids(client.get(first["next"]).json) == courses[4:7]


def test_rows_that_go_in_between_neither_repeat_nor_hide_others_backwards(client: Client, courses: list[str]) -> None:
    *_, last = pages(client, "/api/courses/?limit=3")
    assert ids(last) == courses[6:]
    with client.script() as request:  # the very row that the cursor stands on, and one on either side
        request.db.execute(delete(Course).where(Course.id.in_([courses[6], courses[5]])))
    page = client.get(last["previous"]).json
    assert ids(page) == courses[2:5]
    assert ids(client.get(page["previous"]).json) == courses[:2]


def test_rows_that_come_in_between_are_met_on_the_way_back(client: Client, teacher: Actor, courses: list[str]) -> None:
    following = client.get("/api/courses/?limit=3&ordering=created_at").json["next"]
    page = client.get(following).json
    assert ids(page) == courses[::-1][3:6]
    newest = id_of(make_course(client, teacher))
    assert list(chain(*map(ids, pages(client, page["next"])))) == [courses[0], newest]
    assert ids(client.get(page["previous"]).json) == courses[::-1][:3]


def links_of(answer: Any) -> dict[str, str]:
    found = re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("Link", ""))
    return {relation: address for address, relation in found}


def test_links_lead_where_the_envelope_does(client: Client, courses: list[str]) -> None:
    first = client.get("/api/courses/?limit=3&search=Algebra")
    assert links_of(first) == {"next": first.json["next"], "first": "/api/courses/?limit=3&search=Algebra"}
    middle = client.get(links_of(first)["next"])
    assert links_of(middle) == {
        "next": middle.json["next"],
        "prev": middle.json["previous"],
        "first": "/api/courses/?limit=3&search=Algebra",
    }
    last = client.get(links_of(middle)["next"])
    assert set(links_of(last)) == {"prev", "first"}
    assert client.get(links_of(last)["first"]).body == first.body
    assert links_of(client.call("HEAD", "/api/courses/?limit=3")).keys() == {"next", "first"}


def test_a_link_can_not_be_broken_out_of(client: Client, courses: list[str]) -> None:
    answer = client.get("/api/courses/?limit=3&search=Algebra%3E%3B%22%0D%0AX")
    assert answer.headers["Link"] == '</api/courses/?limit=3&search=Algebra%3E%3B%22%0D%0AX>; rel="first"'


def test_an_item_has_no_links(client: Client, courses: list[str]) -> None:
    assert "Link" not in client.get(f"/api/courses/{courses[0]}/").headers


def test_an_empty_list_is_an_empty_page(client: Client) -> None:
    assert client.get("/api/courses/").json == {"results": [], "next": None, "previous": None}


A_UUID = "0190a000-0000-7000-8000-000000000000"
GARBAGE = [
    "",
    "x",
    "!!!!",
    "é",
    "AAAA",
    cursor_of(),
    cursor_of("n"),
    cursor_of("n", A_UUID),
    cursor_of("n", "id", A_UUID),
    cursor_of("n", "-id"),
    cursor_of("n", "-id", "x"),
    cursor_of("n", "-id", None),
    cursor_of("n", "-id", 5),
    cursor_of("n", "-id", [A_UUID]),
    cursor_of("n", "-id", A_UUID, A_UUID),
    cursor_of("x", "-id", A_UUID),
    cursor_of(["n"], "-id", A_UUID),
    cursor_of("n", "-id", {"a": 1}),
    base64.urlsafe_b64encode(b"5").decode(),
    base64.urlsafe_b64encode(b'{"n": 1}').decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    base64.urlsafe_b64encode(b"[" * 400).decode()[:500],
    "a" * 2001,
]


@pytest.mark.parametrize("cursor", GARBAGE[1:])
def test_a_cursor_that_we_did_not_make_is_422(client: Client, courses: list[str], cursor: str) -> None:
    answer = client.get(f"/api/courses/?{urlencode({'cursor': cursor})}", status=422)
    assert [fault["name"] for fault in answer.json["errors"]] == ["cursor"]
    assert len(cursor) < 5 or cursor not in answer.text


def test_a_cursor_is_refused_under_another_ordering(client: Client, courses: list[str]) -> None:
    following = client.get("/api/courses/?limit=3").json["next"]
    client.get(f"{following}&ordering=-created_at")
    answer = client.get(f"{following}&ordering=created_at", status=422)
    assert [fault["name"] for fault in answer.json["errors"]] == ["cursor"]


@pytest.mark.parametrize(
    "values",
    [
        ("2030-01-01T00:00:00", "a"),  # naive
        ("9999-12-31T23:59:59-23:59", "a"),  # no such time in UTC
        ("now", "a"),
        (5, "a"),
        ("2030-01-01T00:00:00Z", "a\0"),
    ],
)
def test_a_cursor_of_times_and_texts_is_as_strict(values: Any) -> None:
    with pytest.raises(Invalid):
        read_cursor(cursor_of("n", "due_at", *values), (OutboxJob.due_at, OutboxJob.name), "due_at")


def test_a_cursors_offset_that_postgresql_does_not_know_is_turned_into_utc() -> None:
    raw = cursor_of("p", "due_at", "2030-01-01T00:00:00+00:00:00.000001", "a")
    is_backwards, (moment, _) = read_cursor(raw, (OutboxJob.due_at, OutboxJob.name), "due_at")
    assert is_backwards
    assert moment.utcoffset().total_seconds() == 0


@pytest.mark.parametrize("value", [2**31, -(2**31), 10**30])
def test_a_cursor_of_numbers_stays_within_int4(value: int) -> None:
    with pytest.raises(Invalid):
        read_cursor(cursor_of("n", "tries", value), (OutboxJob.attempts,), "tries")
