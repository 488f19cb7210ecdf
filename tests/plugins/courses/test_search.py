"""``GET /courses/?search=``: what is found, in which order, what is shown of it, and at what cost."""

from itertools import chain
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from courseplatform.testing import Client, counted_statements, rolled_back
from plugins.courses.models import Course
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.many import fill

LIST = "/api/courses/"


def search(client: Client, words: str, **query: Any) -> list[Any]:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    results: list[Any] = client.get(f"{LIST}?search={quote(words)}{more}").json["results"]
    return results


def titles(client: Client, words: str, **query: Any) -> list[str]:
    return [row["title"] for row in search(client, words, **query)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("алгебры", {"Линейная алгебра"}),  # another form of the word
        ("ЛИНЕЙНОЙ алгебре", {"Линейная алгебра"}),
        ("matrix", set()),  # matrices, an irregular plural, is none of its forms
        ("MATRICES", {"Линейная алгебра"}),
        ("programs", {"Programming in C++"}),
        ("prog", {"Programming in C++"}),  # beginnings: of a stem,
        ("programmin", {"Programming in C++"}),  # and longer than a stem
        ("runnin", {"IT security"}),
        ("програм", {"Основы"}),
        ("программировани", {"Основы"}),
        ("prog uses", set()),  # of the last word only
        ("vectors", {"Botany", "Линейная алгебра"}),
        ("vector matrices", {"Линейная алгебра"}),  # all must occur
        ("vectors -flower", {"Линейная алгебра"}),  # excluded in any form
        ("vectors -matrices -flowers", set()),
        ('"vectors of disease"', {"Botany"}),
        ('"disease vectors"', set()),
        ('"map linear"', set()),
        ("botany or алгебра", {"Botany", "Линейная алгебра"}),
        ("section", {"Programming in C++"}),  # in a tag, which is a text like others
        ("IT", {"IT security"}),
        ("the", set()),
        ("zoology", set()),
        ("!!!", set()),
    ],
)
def test_what_is_found(client: Client, teacher: Actor, words: str, found: set[str]) -> None:
    make_course(client, teacher, title="Линейная алгебра", description="matrices and vectors")
    make_course(client, teacher, title="Botany", description="flowers, not vectors of disease")
    make_course(client, teacher, title="Programming in C++", description="Uses <section> and more.")
    make_course(client, teacher, title="Основы", description="Введение в программирование")
    make_course(client, teacher, title="IT security", description="of running systems")
    make_course(client, teacher, title="Linear map", description="")
    assert set(titles(client, words)) == found


def test_what_changes_is_found_as_it_is_now(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher, title="Rings", description="and fields")
    teacher.patch(course, {"title": "Groups"})
    assert titles(client, "rings") == []
    assert titles(client, "groups fields") == ["Groups"]
    teacher.patch(course, {"description": "and numbers"})
    assert titles(client, "fields") == []
    assert titles(client, "numbers") == ["Groups"]


@pytest.mark.parametrize("who", ["anonymous", "student", "teacher", "owner", "co-teacher", "admin"])
def test_a_search_opens_nothing(client: Client, teacher: Actor, who: str) -> None:
    helper = make_user(client, "teacher")
    actors: dict[str, Any] = {"anonymous": client, "owner": teacher, "co-teacher": helper}
    actor = actors.get(who) or make_user(client, who)
    for status in ("draft", "published", "archived"):
        add_co_teacher(client, make_course(client, teacher, status, title=f"Zeta {status}"), helper)
    is_insider = who in ("owner", "co-teacher", "admin")
    expected = {"Zeta draft", "Zeta published", "Zeta archived"} if is_insider else {"Zeta published"}
    assert set(titles(actor, "zeta")) == expected
    assert {row["extensions"]["headline"]["title"] for row in search(actor, "zeta", expand="headline")} == {
        title.replace("Zeta", "<mark>Zeta</mark>") for title in expected
    }


# The order


def test_what_is_best_comes_first(client: Client, teacher: Actor) -> None:
    make_course(client, teacher, title="Rings", description="and fields")
    make_course(client, teacher, title="Numbers", description="rings " * 9)
    make_course(client, teacher, title="Groups", description="then rings")
    make_course(client, teacher, title="Rings", description="")
    assert titles(client, "rings") == ["Rings", "Rings", "Numbers", "Groups"]
    by_age = ["Rings", "Groups", "Numbers", "Rings"]
    assert titles(client, "rings", ordering="rank") == titles(client, "rings")
    assert titles(client, "rings", ordering="-created_at") == by_age
    assert titles(client, "rings", ordering="created_at") == by_age[::-1]


@pytest.mark.parametrize("query", ["ordering=rank", "ordering=rank&search=", "ordering=-rank&search=rings"])
def test_a_rank_is_for_searches(client: Client, query: str) -> None:
    (fault,) = client.get(f"{LIST}?{query}", status=422).json["errors"]
    assert (fault["location"], fault["name"]) == ("querystring", "ordering")


@pytest.fixture
def ranked(client: Client, teacher: Actor) -> list[str]:
    """Seven courses, best first: in three ranks."""
    made = [
        id_of(make_course(client, teacher, title=title, description=description))
        for title, description in (("Sets", "rings"), ("Rings", ""), ("Sets", "rings rings"))
        for _ in range(2)
    ]
    made.append(id_of(make_course(client, teacher, title="Rings", description="")))
    return [made[number] for number in (6, 3, 2, 5, 4, 1, 0)]


def ids(page: Any) -> list[str]:
    return [row["id"] for row in page["results"]]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_ranks_are_paged_forwards_and_backwards(client: Client, ranked: list[str], limit: int) -> None:
    pages = [client.get(f"{LIST}?search=rings&limit={limit}").json]
    while pages[-1]["next"]:
        pages.append(client.get(pages[-1]["next"]).json)
    assert list(chain(*map(ids, pages))) == ranked
    backwards = [pages[-1]]
    while backwards[-1]["previous"]:
        backwards.append(client.get(backwards[-1]["previous"]).json)
    assert [ids(page) for page in backwards[::-1]] == [ids(page) for page in pages]


def test_a_ranks_cursor_survives_rows_that_come_and_go(client: Client, teacher: Actor, ranked: list[str]) -> None:
    first = client.get(f"{LIST}?search=rings&limit=3").json
    with client.script() as request:
        request.db.execute(sa.delete(Course).where(Course.id.in_(ranked[1:4])))
    make_course(client, teacher, title="Rings")
    latest = id_of(make_course(client, teacher, title="Sets", description="rings rings rings"))
    second = client.get(first["next"]).json
    assert ids(second) == [latest, ranked[4], ranked[5]]
    assert ids(client.get(second["next"]).json) == ranked[6:]
    assert ids(client.get(second["previous"]).json)[1:] == ranked[:1]


def test_a_ranks_cursor_is_good_for_ranks_only(client: Client, ranked: list[str]) -> None:
    following = client.get(f"{LIST}?search=rings&limit=3").json["next"]
    client.get(following + "&ordering=rank")
    client.get(following + "&ordering=-created_at", status=422)
    client.get(following.replace("search=rings&", ""), status=422)


# What is shown, and the cost


def test_a_headline_is_for_searches(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher, title="Rings & fields", description="Of rings")
    (row,) = search(client, "ring", expand="headline")
    assert row["extensions"] == {
        "headline": {"title": "<mark>Rings</mark> &amp; fields", "description": "Of <mark>rings</mark>"}
    }
    for address in (LIST, course):
        answer = client.get(f"{address}?expand=headline").json
        assert answer.get("results", [answer])[0]["extensions"] == {"headline": None}
    assert "extensions" not in search(client, "ring")[0]


def test_a_search_costs_a_list_and_its_headlines_one_statement(client: Client, teacher: Actor) -> None:
    for _ in range(3):
        make_course(client, teacher)
    for query, expected in (("", 1), ("&expand=headline", 2), ("&expand=headline,teacher", 3)):
        with counted_statements(client.registry) as statements:
            assert len(client.get(f"{LIST}?search=algebra{query}").json["results"]) == 3
        assert len(statements) == expected, statements


def test_nothing_else_reads_the_vector(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    with counted_statements(client.registry) as statements:
        teacher.get(course)
        teacher.patch(course, {"title": "Rings", "description": "x"})
        teacher.get(LIST)
    assert not any("search_vector" in statement for statement in statements)


MANY = """
    SELECT gen_random_uuid() AS id, now() AS created_at, 'course ' || n AS title,
           'term' || n % 250 || ' of many ' || repeat('t' || n || ' ', 40) AS description,
           CAST(:teacher AS uuid) AS teacher_id, 'published' AS status, now() AS updated_at, 0 AS review_count,
           0 AS rating_sum
    FROM generate_series(1, 10000) AS n
"""


def test_a_search_looks_into_the_index(wsgi_app: Any) -> None:
    """The statement of the list itself, as PostgreSQL plans it for a table of some size."""
    sent: list[Any] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            sent.append((statement, parameters))

    engine = wsgi_app.registry["db.engine"]
    with rolled_back(wsgi_app) as (client, connection):
        fill(connection, "courses", MANY, teacher=make_user(client, "teacher").id)
        connection.execute(sa.text("SELECT gin_clean_pending_list('ix__courses__search_vector')"))  # as VACUUM does
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            for words, count in (
                ("term77", 40),
                ("term77 -course", 0),
                ("курс or term77", 40),
                ('"term77 of many"', 40),
            ):
                assert len(search(client, words, limit=100)) == count
                (statement, parameters) = sent[-1]
                plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
                assert "Bitmap Index Scan on ix__courses__search_vector" in plan, plan
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)
