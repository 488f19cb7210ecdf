"""``Service``: what a view can't forget, and what HTTP promises of items."""

import sys
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError

from courseplatform.api import NO_PERMISSION_REQUIRED, Anything, Service
from courseplatform.etags import digest
from courseplatform.testing import Client, rolled_back
from tests.factories.accounts import Actor
from tests.factories.courses import id_of, make_course

from .conftest import build


def test_a_view_without_permission_can_not_be_written() -> None:
    service = Service("unfinished", "/unfinished/")
    with pytest.raises(TypeError, match="permission= is required"):
        service.get()(lambda request: {})
    with pytest.raises(TypeError, match="permission= is required"):
        service.get(permission=None)(lambda request: {})


@pytest.mark.parametrize("path", ["/courses/", "/courses/{id}/", "/courses/{other_id}/"])
def test_two_services_on_one_path_are_a_conflict(path: str) -> None:
    def second(config: Configurator) -> None:
        service = Service("a-second-one", path)
        service.get(permission=NO_PERMISSION_REQUIRED)(lambda request: {})
        config.add_cornice_service(service)

    with pytest.raises(ConfigurationConflictError, match="service path"):
        build(second)


def test_two_services_of_one_name_are_a_conflict() -> None:
    def second(config: Configurator) -> None:
        service = Service("courses", "/elsewhere/")
        service.get(permission=NO_PERMISSION_REQUIRED)(lambda request: {})
        config.add_cornice_service(service)

    with pytest.raises(ConfigurationConflictError, match="courses"):
        build(second)


def test_validators_do_not_grow_when_the_application_is_built_twice() -> None:
    def counts(app: Any) -> dict[str, int]:
        return {
            f"{name} {method}": len(arguments["validators"])
            for name, service in app.registry.cornice_services.items()
            for method, _, arguments in service.definitions
        }

    first = counts(build())
    assert first == counts(build()) == counts(build())
    assert set(first.values()) <= {0, 1}


def test_a_plugin_that_was_imported_but_not_included_has_no_address() -> None:
    assert "tests.core.sandbox" in sys.modules or __import__("tests.core.sandbox")
    assert not [path for path in build().registry.cornice_services if "sandbox" in path]


@pytest.mark.parametrize("asked", ["bytes=0-3", "bytes=99999-", "bytes=" + "9" * 5000 + "-"])
def test_of_json_there_are_no_ranges(client: Client, teacher: Actor, asked: str) -> None:
    course = make_course(client, teacher)
    whole = client.get(course)
    assert client.get(course, status=200, headers={"Range": asked}).body == whole.body


@pytest.mark.parametrize("date", ["Sun, 06 Nov 99999 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "yesterday", "0"])
def test_of_what_has_no_date_none_is_judged(client: Client, teacher: Actor, date: str) -> None:
    course = make_course(client, teacher)
    for name in ("If-Modified-Since", "If-Unmodified-Since"):
        client.get(course, status=200, headers={name: date})
    client.get(course, status=200, headers={"Range": "bytes=0-1", "If-Range": date})


def test_an_item_answers_with_a_strong_etag_and_304_to_who_has_it(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    etag = client.get(course).headers["ETag"]
    assert etag.startswith('"')
    answer = client.get(course, status=304, headers={"If-None-Match": etag})
    assert answer.body == b""
    assert answer.headers["ETag"] == etag
    client.get(course, status=200, headers={"If-None-Match": '"other"'})
    client.get(course, status=304, headers={"If-None-Match": f'"other", {etag}'})


def test_a_change_changes_the_etag_and_the_answer_carries_the_new_one(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    before = client.get(course).headers["ETag"]
    after = teacher.patch(course, {"title": "Geometry"}).headers["ETag"]
    assert before != after
    assert client.get(course, headers={"If-None-Match": before}).headers["ETag"] == after


def test_a_created_item_answers_with_the_etag_that_its_address_has(client: Client, teacher: Actor) -> None:
    made = teacher.post("/api/courses/", {"title": "Algebra", "status": "published"})
    assert made.headers["ETag"] == client.get(made.headers["Location"]).headers["ETag"]


def test_if_match_is_honoured_on_every_write(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    stale = {"If-Match": '"0123456789abcdef01234567"'}
    for method, path, body in (
        ("PUT", course, {"title": "New"}),
        ("PATCH", course, {"title": "New"}),
        ("DELETE", course, None),
        ("PUT", f"{course}archive/", None),
        ("DELETE", f"{course}publication/", None),
    ):
        assert teacher.call(method, path, body, status=412, headers=stale).json["code"] == "precondition_failed"
    etag = teacher.get(course).headers["ETag"]
    teacher.patch(course, {"title": "New"}, headers={"If-Match": f'"other", {etag}'})
    teacher.patch(course, {"title": "Newer"}, headers={"If-Match": "*"})
    teacher.patch(course, {"title": "Newest"}, status=412, headers={"If-Match": etag})


def test_a_weak_etag_does_not_match_for_a_write(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    etag = teacher.get(course).headers["ETag"]
    for header in (f"W/{etag}", etag.strip('"'), "", '""', "W/*"):
        teacher.patch(course, {"title": "New"}, status=412, headers={"If-Match": header})


def test_an_etag_read_with_extensions_is_good_for_a_write(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    plain, expanded = (teacher.get(course + query).headers["ETag"] for query in ("", "?expand=teacher"))
    assert plain != expanded
    client.get(course, status=200, headers={"If-None-Match": expanded})
    teacher.patch(course, {"title": "New"}, headers={"If-Match": expanded})


def test_the_order_of_keys_in_a_json_column_does_not_change_an_etag() -> None:
    assert digest([{"kind": "link", "url": "x"}]) == digest([{"url": "x", "kind": "link"}])


def test_a_missing_if_match_is_428_where_it_is_required(database_url: str, tmp_path: Any) -> None:
    from courseplatform.testing import make_app
    from tests.factories.accounts import make_user

    from .conftest import without_environment

    graded = Service("graded", "/courses/{course_id}/graded/", facet_of="/courses/{course_id}/")
    graded.put(permission="course:edit", if_match="required", answer=Anything)(lambda request: {})

    def includeme(config: Configurator) -> None:
        config.include("plugins.courses")
        config.add_cornice_service(graded)

    module = type(pytest)("graded_plugin")
    module.includeme = includeme  # type: ignore[attr-defined]
    sys.modules["graded_plugin"] = module
    with without_environment():
        app = make_app(database_url, tmp_path, **{"courseplatform.plugins": "graded_plugin"})
    with rolled_back(app) as (client, _):
        teacher = make_user(client, "teacher")
        course = make_course(client, teacher)
        assert teacher.put(f"{course}graded/", status=428).json["code"] == "precondition_required"
        teacher.put(f"{course}graded/", status=412, headers={"If-Match": '"stale"'})
        teacher.put(f"{course}graded/", headers={"If-Match": teacher.get(course).headers["ETag"]})
    app.registry["db.engine"].dispose()
    del sys.modules["graded_plugin"]


def test_head_answers_like_get_without_a_body(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    for path in (course, "/api/courses/", "/api/", "/health/live"):
        got, head = client.get(path), client.call("HEAD", path, status=200)
        assert head.body == b""
        assert head.headers.get("ETag") == got.headers.get("ETag")
        assert head.content_type == got.content_type


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/courses/", {"GET", "POST"}),
        ("PATCH", "/api/courses/", {"GET", "POST"}),
        ("POST", "/api/users/me/", {"GET", "PATCH", "DELETE"}),
        ("GET", "/api/auth/login/", {"POST"}),
        ("TRACE", "/api/", {"GET"}),
        ("POST", "/api/courses/{}/", {"GET", "PUT", "PATCH", "DELETE"}),
    ],
)
def test_a_wrong_method_is_405_and_names_the_right_ones(
    client: Client, teacher: Actor, method: str, path: str, allowed: set[str]
) -> None:
    address = path.format(id_of(make_course(client, teacher)))
    answer = client.call(method, address, status=405)
    allowed = allowed | {"OPTIONS"} | ({"HEAD"} if "GET" in allowed else set())
    assert {name.strip() for name in answer.headers["Allow"].split(",")} == allowed
    assert answer.json["code"] == "method_not_allowed"


def test_a_missing_slash_is_308_and_keeps_method_and_query(client: Client) -> None:
    answer = client.get("/api/courses?limit=1&search=a%26b", status=308)
    assert answer.headers["Location"] == "/api/courses/?limit=1&search=a%26b"
    answer = client.post("/api/auth/login", {"username": "a", "password": "b"}, status=308)
    assert answer.headers["Location"] == "/api/auth/login/"


def test_a_redirection_has_no_body(client: Client) -> None:
    for path in ("/", "/api/courses"):
        answer = client.get(path, status=308, headers={"Accept": "text/html"})
        assert answer.body == b""
        assert answer.headers.get("Content-Type") is None


def test_the_bare_address_leads_to_what_the_platform_says_of_itself(client: Client) -> None:
    assert client.get("/", status=308).headers["Location"] == "/api/"
    client.call("HEAD", "/", status=308)
    client.call("POST", "/", status=404)


def test_a_location_never_repeats_the_host_header(client: Client, teacher: Actor) -> None:
    evil = {"Host": "evil.example"}
    made = teacher.post("/api/courses/", {"title": "Algebra"}, headers=evil)
    assert made.headers["Location"] == f"/api/courses/{made.json['id']}/"
    for path in ("/", "/api/courses"):
        assert client.get(path, status=308, headers=evil).headers["Location"].startswith("/api/")


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b'{"status": "completed"}', 422),
        ("application/json", b"{broken", 400),
        ("application/json", b"[]", 400),
        ("application/x-www-form-urlencoded", b"status=completed", 415),
        ("", b"{}", 415),
        ("application/json", b"{}", 200),
        ("", b"", 200),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_body_where_none_belongs_is_refused_and_not_ignored(
    client: Client, teacher: Actor, method: str, content_type: str, body: bytes, status: int
) -> None:
    archive = make_course(client, teacher) + "archive/"
    if method == "DELETE":
        teacher.put(archive)
    answer = teacher.call(method, archive, raw=body, content_type=content_type, status=status)
    if status == 422:
        assert [(fault["location"], fault["name"]) for fault in answer.json["errors"]] == [("body", "status")]


def test_a_post_without_a_body_of_its_own_refuses_one_too(student: Actor) -> None:
    student.post("/api/auth/logout/", {"everywhere": True}, status=422)
    student.post("/api/auth/logout/", {}, status=204)


@pytest.mark.parametrize("path", ["/", "/api", "/elsewhere", "/api/nothing", "//evil.example/api/courses", "/health"])
def test_only_known_addresses_are_redirected(client: Client, path: str) -> None:
    answer = client.call("GET", path)
    assert answer.status_int == (308 if path in ("/", "/api") else 404)
    assert "evil.example" not in answer.headers.get("Location", "")


def test_faults_of_query_and_body_are_reported_together(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    answer = teacher.patch(f"{course}?speling=1", {"title": "", "speling": 1}, status=422)
    assert {(fault["location"], fault["name"]) for fault in answer.json["errors"]} == {
        ("querystring", "speling"),
        ("body", "title"),
        ("body", "speling"),
    }


@pytest.mark.parametrize("query", ["limit=1&limit=2", "speling=1", "limit", "cursor=&cursor=", "limit=1&limit=1"])
def test_a_repeated_or_unknown_parameter_is_422(client: Client, query: str) -> None:
    assert client.get(f"/api/courses/?{query}", status=422).json["errors"][0]["location"] == "querystring"


def test_permission_is_checked_before_the_body_is_read(client: Client, teacher: Actor, student: Actor) -> None:
    course = make_course(client, teacher)
    student.put(course, {"nonsense": True}, status=403)
    student.call("PUT", course, status=403, params="{", content_type="application/json")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*;q=1"])
def test_an_unwanted_accept_header_is_never_a_crash(client: Client, accept: str) -> None:
    answer = client.call("GET", "/api/courses/", headers={"Accept": accept})
    assert answer.status_int in (200, 406)
    assert answer.content_type in ("application/json", "application/problem+json")
