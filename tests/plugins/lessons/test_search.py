"""``GET …/lessons/?search=``: through what the caller may read, and nothing of the rest shows."""

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import orjson
import pytest
from pyramid.config import Configurator
from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import aliased

from courseplatform.testing import PLUGINS, Client, counted_statements, make_app, rolled_back
from plugins.lessons.models import Lesson
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson

MATERIALS = [{"kind": "link", "title": "Omega sheet", "url": "https://example.com/"}]


def search(client: Client, course: str, words: str, more: str = "") -> list[Any]:
    results: list[Any] = client.get(f"{course}lessons/?search={quote(words)}{more}").json["results"]
    return results


def titles(client: Client, course: str, words: str, more: str = "") -> list[str]:
    return [row["title"] for row in search(client, course, words, more)]


@pytest.fixture
def course(client: Client, teacher: Actor) -> str:
    """Two lessons called Rings, of which the second has more to say of them, and one called Zeta."""
    made = make_course(client, teacher)
    make_lesson(client, made, title="Rings", description="plain")
    make_lesson(client, made, title="Rings", description="rings, zeta, программирование " * 3, materials=MATERIALS)
    make_lesson(client, made, title="Zeta", description="nothing")
    make_lesson(client, made, title="Zeta planned", is_published=False)
    return made


OUTSIDERS = ["anonymous", "student", "dropped", "teacher"]
READERS = ["enrolled", "completed"]
STAFF = ["owner", "co-teacher", "admin"]


def actor(client: Client, course: str, owner: Actor, who: str) -> Client:
    if who in ("anonymous", "owner"):
        return client if who == "anonymous" else owner
    made = make_user(client, who if who in ("admin", "teacher") else "teacher" if who == "co-teacher" else "student")
    if who == "co-teacher":
        add_co_teacher(client, course, made)
    if who in ("dropped", "enrolled", "completed"):
        enrol(client, course, made, "active" if who == "enrolled" else who)
    return made


@pytest.mark.parametrize("who", READERS + STAFF)
def test_those_who_read_lessons_search_all_of_them(client: Client, teacher: Actor, course: str, who: str) -> None:
    reader = actor(client, course, teacher, who)
    planned = ["Zeta planned"] if who in STAFF else []
    assert titles(reader, course, "zeta") == ["Zeta", *planned, "Rings"]
    assert titles(reader, course, "zeta", "&ordering=position") == ["Rings", "Zeta", *planned]
    assert titles(reader, course, "sheet") == titles(reader, course, "програм") == ["Rings"]  # materials; a beginning
    assert titles(reader, course, "rings -zeta") == ["Rings"]
    best, second = search(reader, course, "rings", "&expand=headline")
    assert best["position"] > second["position"]
    assert "<mark>rings</mark>" in best["extensions"]["headline"]["description"]
    assert second["extensions"]["headline"] == {"title": "<mark>Rings</mark>", "description": "plain"}


@pytest.mark.parametrize("who", OUTSIDERS)
def test_others_search_titles_and_learn_nothing_of_the_rest(
    client: Client, teacher: Actor, course: str, who: str
) -> None:
    outsider = actor(client, course, teacher, who)
    assert titles(outsider, course, "zeta") == ["Zeta"]
    for words in ("sheet", "програм", "программирование", "plain", "rings zeta", '"rings zeta"', "planned"):
        assert titles(outsider, course, words) == []
    for words in ("rings -zeta", "rings -plain", "rings -sheet", "plain or rings"):
        assert titles(outsider, course, words) == ["Rings", "Rings"]
    rows = search(outsider, course, "rings or zeta or plain", "&expand=headline&ordering=position")
    assert [row["extensions"]["headline"] for row in rows] == [
        {"title": f"<mark>{title}</mark>", "description": None} for title in ("Rings", "Rings", "Zeta")
    ]


@pytest.mark.parametrize(
    "words",
    ["rings", "ring", "prime rings", "rings primes", "zeta or rings", "rings or omega", '"prime rings"', "-zeta"],
)
def test_a_rank_tells_nothing_of_what_is_hidden(client: Client, teacher: Actor, words: str) -> None:
    """Two lessons that differ in what is hidden: equal ranks, in their order; a cursor has the rank in it."""
    course = make_course(client, teacher)
    make_lesson(client, course, title="Prime rings", description="plain")
    make_lesson(client, course, title="Prime rings", description="prime rings, zeta " * 9, materials=MATERIALS)
    first = client.get(f"{course}lessons/?search={quote(words)}&limit=1").json
    second = client.get(first["next"]).json
    ranks = []
    for url in (first["next"], second["next"] or second["previous"]):
        cursor = parse_qs(urlsplit(url).query)["cursor"][0]
        ranks.append(orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[2:])
    (rank, position, _), (other_rank, other_position, _) = ranks
    assert rank == other_rank
    assert [page["results"][0]["position"] for page in (first, second)] == [1, 2] == [position, other_position]


def test_a_search_finds_lessons_of_its_course_only(client: Client, teacher: Actor, course: str) -> None:
    other = make_course(client, teacher)
    make_lesson(client, other, title="Rings elsewhere")
    assert titles(teacher, other, "rings") == ["Rings elsewhere"]
    assert "Rings elsewhere" not in titles(teacher, course, "rings")
    draft = make_course(client, teacher, "draft")
    client.get(f"{draft}lessons/?search=rings", status=404)


def test_what_changes_is_found_as_it_is_now(client: Client, teacher: Actor, course: str) -> None:
    lesson = make_lesson(client, course, title="Fields")
    teacher.patch(lesson, {"materials": [{**MATERIALS[0], "title": "Sigma"}]})
    assert titles(teacher, course, "sigma") == ["Fields"]
    teacher.patch(lesson, {"materials": None})
    assert titles(teacher, course, "sigma") == []


def test_the_longest_lesson_can_be_searched(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    words = [f"ж{number}-ю{number}" for number in range(10_000)]
    materials = [{**MATERIALS[0], "title": " ".join(words[n * 15 : n * 15 + 15])[:200]} for n in range(50)]
    body = {"title": "Long", "description": " ".join(words)[:50_000], "materials": materials}
    teacher.post(f"{course}lessons/", body)
    assert titles(teacher, course, "ж100") == ["Long"]
    assert search(teacher, course, "ж100", "&expand=headline")


@pytest.mark.parametrize("query", ["ordering=rank", "ordering=-rank&search=x", "ordering=title", "search=" + "x" * 201])
def test_a_wrong_query_is_422(client: Client, course: str, query: str) -> None:
    client.get(f"{course}lessons/?{query}", status=422)


def test_a_search_keeps_the_budget_of_a_list(client: Client, teacher: Actor, course: str) -> None:
    student = actor(client, course, teacher, "enrolled")
    costs = []
    for query in ("", "?search=rings", "?search=rings&expand=headline"):
        with counted_statements(client.registry) as statements:
            student.get(f"{course}lessons/{query}")
        costs.append(len(statements))
    assert costs[0] == costs[1] == costs[2] - 1


# Lessons that are not for everyone


def is_meant_for(student_id: Any, lesson_id: Any) -> ColumnElement[bool]:
    asked = aliased(Lesson)
    return exists().where(asked.id == lesson_id, asked.position != 2).correlate_except(asked)


def includeme(config: Configurator) -> None:
    config.include("plugins.lessons")
    config.add_lesson_filter("not_the_second", is_meant_for)


@pytest.fixture(scope="module")
def filtered_app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    plugins = " ".join([*PLUGINS, __name__])
    app = make_app(database_url, tmp_path_factory.mktemp("filtered"), **{"courseplatform.plugins": plugins})
    yield app
    app.registry["db.engine"].dispose()


@pytest.fixture
def filtered(filtered_app: Any) -> Iterator[Client]:
    with rolled_back(filtered_app) as (made, _):
        yield made


def test_of_a_lesson_that_is_kept_from_a_student_the_title_is_searched(filtered: Client) -> None:
    owner = make_user(filtered, "teacher")
    course = make_course(filtered, owner)
    make_lesson(filtered, course, title="Rings", description="zeta")
    make_lesson(filtered, course, title="Rings", description="rings zeta zeta", materials=MATERIALS)
    make_lesson(filtered, course, title="Fields", description="zeta")
    student = actor(filtered, course, owner, "enrolled")
    for words in ("zeta", "rings zeta", "rings -sheet"):
        assert [row["position"] for row in search(student, course, words)] == {"zeta": [1, 3], "rings zeta": [1]}.get(
            words, [1, 2]
        )
    assert titles(student, course, "sheet") == []
    rows = search(student, course, "rings or zeta", "&expand=headline&ordering=position")
    assert [row["extensions"]["headline"]["description"] for row in rows] == [
        "<mark>zeta</mark>", None, "<mark>zeta</mark>"
    ]  # fmt: skip
    assert [row["position"] for row in search(owner, course, "rings zeta")] == [2, 1]
    with counted_statements(filtered.registry) as statements:
        search(student, course, "rings")
    assert len(statements) <= 4, statements


def test_many_words_in_the_longest_texts_are_found_within_the_time_of_a_statement(
    client: Client, teacher: Actor, course: str
) -> None:
    words = "alpha beta gamma delta python function learning student teacher algebra matrix данные урок задача решение"
    text = f"{words} " * 450
    with client.script() as request:
        request.db.add_all(
            Lesson(course_id=id_of(course), title=f"Lesson {n}", description=text, position=n, created_at=request.now)
            for n in range(10, 110)
        )
    found = search(teacher, course, words, "&limit=100&expand=headline")
    assert len(found) == 100
    assert "<mark>gamma</mark>" in found[0]["extensions"]["headline"]["description"]
