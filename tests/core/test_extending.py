"""A plugin that extends courses: its fields in their bodies, its filters and orderings in their list."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from sqlalchemy import func, select

from courseplatform.api import Body, Choice, Text, field
from courseplatform.extending import schemas_of
from courseplatform.jobs import OutboxJob
from courseplatform.testing import Client, counted_statements, make_app, rolled_back
from courseplatform.validation import Validator
from plugins.courses.models import Course
from tests.factories.accounts import Actor
from tests.factories.courses import id_of, make_course

from . import sandbox_jobs
from .conftest import build
from .levels import LEVELS, make_tables


@pytest.fixture(scope="module")
def app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    app = make_app(database_url, tmp_path_factory.mktemp("levels"), **{"courseplatform.plugins": "tests.core.levels"})
    yield app
    app.registry["db.engine"].dispose()


@pytest.fixture
def client(app: Any) -> Iterator[Client]:
    with rolled_back(app) as (made, _):
        app.registry["levels.stored"] = []
        with made.script() as request:
            make_tables(request)
        yield made


@pytest.fixture
def course(client: Client, teacher: Actor) -> str:
    return make_course(client, teacher)


def stored(client: Client) -> list[Any]:
    """What the table has: (level, note, tag) of every course."""
    with client.script() as request:
        return [tuple(row) for row in request.db.execute(select(LEVELS.c.level, LEVELS.c.note, LEVELS.c.tag))]


def faults(answer: Any) -> set[str]:
    return {fault["name"] for fault in answer.json["errors"]}


# Extensions, in and out


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_an_extension_is_written_with_the_resource_and_shown_in_the_answer(
    client: Client, teacher: Actor, course: str, method: str
) -> None:
    path = "/api/courses/" if method == "POST" else course
    body = {"title": "Geometry", "extensions": {"level": {"level": 3}}}
    answer = teacher.call(method, path, body, status=201 if method == "POST" else 200)
    assert client.registry["levels.stored"] == [{"level": 3, "note": ""}]
    assert answer.json["extensions"] == {"level": {"level": 3, "note": ""}}
    address = f"/api/courses/{answer.json['id']}/"
    shown = teacher.get(f"{address}?expand=level")
    assert shown.json["title"] == "Geometry"
    assert shown.json["extensions"] == answer.json["extensions"]
    assert shown.headers["ETag"] == answer.headers["ETag"]
    assert "extensions" not in teacher.get(address).json


def test_the_answer_shows_the_keys_given_and_those_asked_for(teacher: Actor, course: str) -> None:
    body = {"extensions": {"tag": "new", "level": {"level": 2}}}
    answer = teacher.patch(f"{course}?expand=teacher", body)
    assert list(answer.json["extensions"]) == ["level", "tag", "teacher"]
    assert "extensions" not in teacher.patch(course, {"title": "Newer", "extensions": {}}).json


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_key_that_is_left_out_stays_as_it_is(client: Client, teacher: Actor, course: str, method: str) -> None:
    teacher.patch(course, {"extensions": {"level": {"level": 2, "note": "hard"}, "tag": "new"}})
    teacher.call(method, course, {"title": "Geometry"}, status=200)
    teacher.call(method, course, {"title": "Geometry", "extensions": {}}, status=200)
    teacher.call(method, course, {"title": "Geometry", "extensions": {"tag": "old"}}, status=200)
    assert stored(client) == [(2, "hard", "old")]


def test_a_patch_changes_the_fields_of_an_extension_that_it_names(client: Client, teacher: Actor, course: str) -> None:
    teacher.patch(course, {"extensions": {"level": {"level": 2, "note": "hard"}}})
    answer = teacher.patch(course, {"extensions": {"level": {"level": 4}}})
    assert answer.json["extensions"] == {"level": {"level": 4, "note": "hard"}}
    assert client.registry["levels.stored"][-1] == {"level": 4}
    teacher.patch(course, {"extensions": {"level": {"note": None}}})
    assert stored(client) == [(4, "", None)]
    teacher.patch(course, {"extensions": {"level": {"level": None}}}, status=422)


def test_a_patch_that_finds_no_extension_gives_the_whole_of_it(client: Client, teacher: Actor, course: str) -> None:
    answer = teacher.patch(course, {"title": "New", "extensions": {"level": {"note": "hard"}}}, status=422)
    assert faults(answer) == {"extensions.level.level"}
    assert client.get(course).json["title"] == "Algebra"
    teacher.patch(course, {"extensions": {"level": {"level": 4}}})
    assert client.registry["levels.stored"] == [{"level": 4, "note": ""}]


def test_a_put_gives_the_whole_extension(client: Client, teacher: Actor, course: str) -> None:
    teacher.put(course, {"title": "A", "extensions": {"level": {"level": 2, "note": "hard"}}})
    teacher.put(course, {"title": "A", "extensions": {"level": {"level": 2}}})
    assert stored(client) == [(2, "", None)]
    answer = teacher.put(course, {"title": "A", "extensions": {"level": {"note": "hard"}}}, status=422)
    assert faults(answer) == {"extensions.level.level"}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_null_is_for_a_schema_that_is_nullable(client: Client, teacher: Actor, course: str, method: str) -> None:
    teacher.patch(course, {"extensions": {"level": {"level": 2}}})
    answer = teacher.call(method, course, {"title": "A", "extensions": {"level": None}}, status=200)
    assert answer.json["extensions"] == {"level": None}
    assert stored(client) == []
    answer = teacher.call(method, course, {"title": "A", "extensions": {"tag": None}}, status=422)
    assert faults(answer) == {"extensions.tag"}


def test_all_faults_of_a_body_and_its_extensions_are_told_at_once(client: Client, teacher: Actor, course: str) -> None:
    body = {
        "title": "",
        "speling": 1,
        "extensions": {"level": {"level": 99, "speling": 1}, "tag": 5, "teacher": {"id": 1}, "nothing": 1},
    }
    expected = {
        "title",
        "speling",
        "extensions.level.level",
        "extensions.level.speling",
        "extensions.tag",
        "extensions.teacher",  # there is such a one, to read only
        "extensions.nothing",
    }
    for method in ("PUT", "PATCH"):
        answer = teacher.call(method, f"{course}?speling=1", body, status=422)
        assert faults(answer) == expected
        assert {fault["location"] for fault in answer.json["errors"]} == {"body", "querystring"}
    assert faults(teacher.post("/api/courses/", body, status=422)) == expected
    assert stored(client) == []


@pytest.mark.parametrize("extensions", [None, [], "level", 5, {"level": []}, {"level": "x"}, {"level": {}}])
def test_extensions_of_another_shape_are_422(client: Client, teacher: Actor, course: str, extensions: Any) -> None:
    for method in ("PUT", "POST"):
        path = course if method == "PUT" else "/api/courses/"
        answer = teacher.call(method, path, {"title": "A", "extensions": extensions}, status=422)
        assert all(name.startswith("extensions") for name in faults(answer))


@pytest.mark.parametrize(
    ("level", "status", "code"), [(7, 409, "conflict"), (8, 422, "invalid"), (9, 403, "forbidden")]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_store_that_refuses_takes_the_whole_write_back(
    client: Client, teacher: Actor, course: str, method: str, level: int, status: int, code: str
) -> None:
    body = {"title": "Geometry", "extensions": {"level": {"level": level}}}
    path = "/api/courses/" if method == "POST" else course
    assert teacher.call(method, path, body, status=status).json["code"] == code
    assert [row["title"] for row in teacher.get("/api/courses/").json["results"]] == ["Algebra"]
    assert stored(client) == []


def test_what_the_verb_refuses_stores_nothing(client: Client, teacher: Actor, course: str) -> None:
    teacher.put(f"{course}archive/")
    body = {"title": "A", "status": "draft", "extensions": {"tag": "new"}}
    assert teacher.put(course, body, status=409).json["code"]
    assert client.registry["levels.stored"] == []


def test_who_may_not_write_the_resource_may_not_write_its_extensions(
    client: Client, student: Actor, course: str
) -> None:
    student.patch(course, {"extensions": {"tag": "new"}}, status=403)
    client.patch(course, {"extensions": {"tag": "new"}}, status=401)
    assert client.registry["levels.stored"] == []


def test_a_facet_of_the_resource_takes_no_extensions(client: Client, teacher: Actor, course: str) -> None:
    for path in (f"{course}archive/", f"{course}publication/"):
        assert faults(teacher.put(path, {"extensions": {"tag": "new"}}, status=422)) == {"extensions"}
    # nor does a resource that nobody extends
    assert faults(teacher.patch("/api/users/me/", {"extensions": {}}, status=422)) == {"extensions"}
    assert client.registry["levels.stored"] == []


def test_if_match_is_for_the_row_and_the_etag_of_an_answer_varies_with_its_extensions(
    client: Client, teacher: Actor, course: str
) -> None:
    before = teacher.get(f"{course}?expand=tag").headers["ETag"]
    answer = teacher.patch(course, {"extensions": {"tag": "new"}}, headers={"If-Match": before})
    after = answer.headers["ETag"]
    assert before != after
    assert client.get(f"{course}?expand=tag", status=304, headers={"If-None-Match": after})
    assert client.get(f"{course}?expand=tag", headers={"If-None-Match": before}).json["extensions"] == {"tag": "new"}
    teacher.patch(course, {"extensions": {"tag": "newer"}}, status=412, headers={"If-Match": before})
    teacher.patch(course, {"extensions": {"tag": "newer"}}, headers={"If-Match": after})
    assert stored(client) == [(1, "", "newer")]


def test_extensions_cost_statements_only_where_they_are_used(client: Client, teacher: Actor, course: str) -> None:
    def cost(write: Callable[[], Any]) -> int:
        with counted_statements(client.registry) as statements:
            write()
        return len(statements)

    plain = cost(lambda: teacher.patch(course, {"title": "A"}))
    both = cost(lambda: teacher.patch(course, {"title": "B", "extensions": {"tag": "new", "level": {"level": 2}}}))
    assert both == plain + 5  # each is stored and loaded once; of a patch is asked what there is to change
    assert both <= 8
    for _ in range(4):
        make_course(client, teacher)
    assert cost(lambda: client.get("/api/courses/")) == 1
    assert cost(lambda: client.get("/api/courses/?expand=tag&level=2&ordering=-level")) == 2


@pytest.mark.parametrize(
    ("method", "query", "body"),
    [
        ("POST", "", {"name": "a", "extensions": {"word": "x"}}),
        ("GET", "word=x", None),
        ("GET", "ordering=due_at", None),
    ],
)
def test_a_view_that_drops_what_a_plugin_added_is_an_error(
    client: Client, caplog: Any, method: str, query: str, body: Any
) -> None:
    client.call(method, f"/api/sandbox/silent/?{query}", body, status=500)
    assert "tests.core.levels.say_nothing takes" in caplog.text
    client.call(method, "/api/sandbox/silent/", body and {"name": "a", "extensions": {}}, status=200)


def test_extensions_are_of_the_row_at_the_address_whatever_else_is_represented(client: Client) -> None:
    with client.script() as request:
        for _ in range(2):
            request.enqueue(sandbox_jobs.tick)
    with client.script() as request:
        job_id = request.db.scalars(select(OutboxJob.id)).first()
    answer = client.put(f"/api/sandbox/silent/{job_id}/", {"name": "a", "extensions": {"word": "x"}}).json
    assert "extensions" not in answer["other"]
    assert answer["own"] == {"id": str(job_id), "extensions": {"word": None}}
    assert client.registry["levels.stored"] == [job_id]


# Filters and orderings


@pytest.fixture
def levels(client: Client, teacher: Actor) -> list[str]:
    """Courses of the levels 1, 2, 2, 3 and one without."""
    made = []
    for number, extensions in enumerate(
        [{"level": 1}, {"level": 2, "note": "b"}, {"level": 2, "note": "Ж"}, {"level": 3}]
    ):
        body = {"title": f"C{5 - number}", "status": "published", "extensions": {"level": extensions}}
        made.append(teacher.post("/api/courses/", body).json["id"])
    return [*made, id_of(make_course(client, teacher, title="C1"))]


def ids(page: Any) -> list[str]:
    return [row["id"] for row in page["results"]]


def pages(client: Client, url: str | None, direction: str = "next") -> Iterator[Any]:
    while url:
        page = client.get(url).json
        yield page
        url = page[direction]


def test_a_plugins_filter_narrows_anothers_list(client: Client, levels: list[str]) -> None:
    assert ids(client.get("/api/courses/?level=2").json) == levels[2:0:-1]
    assert ids(client.get("/api/courses/?level=2&search=C4").json) == levels[1:2]
    assert ids(client.get("/api/courses/?ordering=-level&search=C2 or C4 or C3").json) == levels[3:0:-1]
    assert ids(client.get("/api/courses/").json) == levels[::-1]
    read = list(pages(client, "/api/courses/?level=2&limit=1"))
    assert list(chain(*map(ids, read))) == levels[2:0:-1]


@pytest.mark.parametrize("query", ["level=x", "level=", "level=99", "level=1&level=2", "levels=1", "note=b"])
def test_a_wrong_or_unknown_filter_is_422(client: Client, query: str) -> None:
    assert faults(client.get(f"/api/courses/?{query}", status=422))


def test_a_filter_may_ask_who_calls(client: Client, teacher: Actor, levels: list[str]) -> None:
    def found(caller: Client) -> int:
        return len(caller.get("/api/courses/?taught_by=me").json["results"])

    assert (found(teacher), found(client)) == (len(levels), 0)


def test_a_filter_is_for_the_lists_of_its_model_only(client: Client, teacher: Actor, course: str) -> None:
    for path in (course, f"{course}teachers/", "/api/users/"):
        assert teacher.call("GET", f"{path}?level=2").status_int in (403, 422)


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize(
    ("ordering", "order"),
    [
        ("level", [4, 0, 1, 2, 3]),
        ("-level", [3, 2, 1, 0, 4]),
        ("note", [0, 3, 4, 1, 2]),
        ("-note", [2, 1, 4, 3, 0]),
        ("title", [4, 3, 2, 1, 0]),
        ("-title", [0, 1, 2, 3, 4]),
    ],
)
def test_a_plugins_ordering_pages_forwards_and_backwards(
    client: Client, levels: list[str], ordering: str, order: list[int], limit: int
) -> None:
    expected = [levels[number] for number in order]
    read = list(pages(client, f"/api/courses/?ordering={ordering}&limit={limit}"))
    assert list(chain(*map(ids, read))) == expected
    assert "ordering" not in read[0]["results"][0]
    backwards = list(pages(client, read[-1]["previous"], "previous"))[::-1]
    assert list(chain(*map(ids, [*backwards, read[-1]]))) == expected


def test_a_title_as_long_as_titles_may_be_still_makes_a_cursor(client: Client, teacher: Actor) -> None:
    made = [id_of(make_course(client, teacher, title="Ж" * 199 + letter)) for letter in "ab"]
    first = client.get("/api/courses/?ordering=title&limit=1").json
    assert [*ids(first), *ids(client.get(first["next"]).json)] == made


def test_a_cursor_of_one_ordering_is_refused_under_another(client: Client, levels: list[str]) -> None:
    words = ["level", "-level", "note", "title", "created_at", "-created_at"]
    for made_under in words:
        following = client.get(f"/api/courses/?limit=2&ordering={made_under}").json["next"]
        for word in words:
            url = following.replace(f"ordering={made_under}", f"ordering={word}")
            answer = client.get(url, status=200 if word == made_under else 422)
            if word != made_under:
                assert faults(answer) == {"cursor"}


def test_an_unknown_ordering_is_422_and_told_of_all(client: Client) -> None:
    (fault,) = client.get("/api/courses/?ordering=speling", status=422).json["errors"]
    added = ["level", "-level", "bare", "-bare", "note", "-note", "title", "-title"]
    assert fault["detail"].endswith(", ".join(["created_at", "-created_at", "rank", *added]))
    client.get("/api/sandbox/silent/?ordering=speling", status=422)


@pytest.mark.parametrize("ordering", ["bare", "-bare"])
def test_an_ordering_by_null_is_an_error_and_hides_no_row(client: Client, levels: list[str], ordering: str) -> None:
    client.get(f"/api/courses/?ordering={ordering}&limit=2", status=500)


# At start-up


def validators(app: Any, path: str) -> dict[str, Validator]:
    service = next(s for s in app.registry.cornice_services.values() if s.public_path == path)
    return {method: arguments["validators"][0] for method, _, arguments in service.definitions}


def test_the_schemas_of_an_address_tell_what_plugins_added(app: Any) -> None:
    listing = schemas_of(app.registry, validators(app, "/api/courses/")["GET"])
    assert listing.query["level"].description == "Of this level."
    assert listing.query["ordering"].typ.words[-2:] == ("title", "-title")
    for path, method in (("/api/courses/", "POST"), ("/api/courses/{course_id}/", "PATCH")):
        body = schemas_of(app.registry, validators(app, path)[method]).body
        assert [child.name for child in body["extensions"].children] == ["level", "tag"]
        assert body["extensions"]["level"]["level"].description == "1 for beginners."
    facet = validators(app, "/api/courses/{course_id}/archive/")["PUT"]
    assert schemas_of(app.registry, facet) is facet


def test_a_view_sees_of_its_list_what_its_author_knew(app: Any) -> None:
    listing = schemas_of(app.registry, validators(app, "/api/courses/")["GET"])
    values = {"ordering": "-level", "level": 2, "search": "x"}
    taken = listing.take(values)
    assert values == {"ordering": None, "search": "x"}
    assert taken["ordering"].word == "-level"
    assert [value for _, value in taken["filters"]] == [2]


def test_what_one_application_adds_is_unknown_to_another(app: Any) -> None:
    for path, method in (("/api/courses/", "GET"), ("/api/courses/", "POST")):
        validator = validators(app, path)[method]
        assert schemas_of(build().registry, validator) is validator
    assert "level" not in validators(app, "/api/courses/")["GET"].query


def test_two_plugins_with_one_extension_filter_or_ordering_are_a_conflict() -> None:
    def again(config: Configurator) -> None:
        config.include("tests.core.levels")

    additions: list[Callable[[Configurator], None]] = [
        lambda config: config.add_extension(Course, "tag", load=lambda *given: {}),
        lambda config: config.add_filter(Course, "level", field(Text(20)), lambda statement, value: statement),
        lambda config: config.add_ordering(Course, "level", Course.title),
    ]
    for addition in additions:
        with pytest.raises(ConfigurationError, match="Conflicting configuration actions"):
            build(again, addition)


@pytest.mark.parametrize("name", ["status", "search", "limit", "cursor", "expand", "ordering"])
def test_a_filter_named_as_one_of_the_lists_own_is_a_conflict(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{name}': /api/courses/ has a parameter of that name"):
        build(lambda config: config.add_filter(Course, name, field(Text(20)), lambda statement, value: statement))


@pytest.mark.parametrize("name", ["created_at", "-created_at"])
def test_an_ordering_named_as_one_of_the_lists_own_is_a_conflict(name: str) -> None:
    with pytest.raises(ConfigurationError, match="/api/courses/ has an ordering of that name"):
        build(lambda config: config.add_ordering(Course, name, Course.title))


class Anything(Body):
    word = field(Choice("a"), missing="a")


@pytest.mark.parametrize(
    ("directive", "arguments", "message"),
    [
        ("add_extension", (Course, "x", None, Anything), "need each other"),
        ("add_extension", (Course, "x", None, None, len), "need each other"),
        ("add_extension", ("plugins.accounts.models.SignInSession", "x", len, Anything, len), "takes a body"),
        ("add_filter", ("plugins.accounts.models.SigningKey", "x", field(Text(1)), len), "has no list"),
        ("add_ordering", ("plugins.accounts.models.SigningKey", "x", Course.id), "has no list|give join"),
        ("add_ordering", (Course, "x", LEVELS.c.level), "give join="),
        ("add_ordering", (Course, "x", LEVELS.c.tag, len), "wrap it in coalesce"),
        ("add_ordering", (Course, "x", func.nothing_known(Course.id)), "cast it"),
        ("add_ordering", (Course, "x", func.avg(Course.review_count)), "cast it"),
    ],
)
def test_what_can_not_work_is_refused_at_start_up(directive: str, arguments: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build(lambda config: getattr(config, directive)(*arguments))
