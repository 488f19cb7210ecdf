"""Who calls and what they may: one statement, and refusals that tell no more than they should."""

from typing import Any
from uuid import UUID

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError
from sqlalchemy import literal

from courseplatform.testing import Client, counted_statements, make_app, rolled_back
from tests.factories.accounts import PASSWORD, Actor, make_user
from tests.factories.courses import make_course

from .conftest import build, without_environment

GARBAGE = ("Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Bearer \xff\xfe", "bearer " + "x" * 5000)
PUBLIC = ("/api/courses/", "/api/sandbox/connection/")


def end_session(actor: Actor) -> None:
    actor.post("/api/auth/logout/", status=204)


def test_identity_roles_and_rows_are_one_statement(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher, "draft")
    with counted_statements(client.registry) as statements:
        teacher.get(course)
    assert len(statements) == 1, statements
    assert "users.role" in statements[0]
    assert statements[0].count("EXISTS") >= 3  # owner; teacher: owner or co-teacher


def test_an_anonymous_request_asks_for_no_identity(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    with counted_statements(client.registry) as statements:
        client.get(course)
    assert len(statements) == 1, statements


def test_hidden_is_404_unknown_is_401_and_not_allowed_is_403(client: Client, teacher: Actor, student: Actor) -> None:
    draft, published = make_course(client, teacher, "draft"), make_course(client, teacher)
    assert client.get(draft, status=404).json["code"] == "not_found"
    assert student.get(draft, status=404).json["code"] == "not_found"
    assert client.patch(published, {"title": "Mine"}, status=401).json["code"] == "unauthenticated"
    assert student.patch(published, {"title": "Mine"}, status=403).json["code"] == "forbidden"
    assert client.get(f"/api/users/{student.id}/", status=401).json["code"] == "unauthenticated"


def test_a_hidden_row_answers_exactly_what_a_missing_one_answers(
    client: Client, teacher: Actor, student: Actor
) -> None:
    draft = make_course(client, teacher, "draft")
    missing = "/api/courses/0190a000-0000-7000-8000-000000000000/"
    for actor in (client, student):
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
            for below in ("", "publication/", "archive/", "teachers/"):
                hidden, absent = (actor.call(method, address + below) for address in (draft, missing))
                assert hidden.status == absent.status
                own = {"Content-Length": "", "X-Request-ID": ""}
                assert dict(hidden.headers) | own == dict(absent.headers) | own
                assert hidden.body.replace(draft.encode(), missing.encode()) == absent.body


@pytest.mark.parametrize("authorization", GARBAGE)
@pytest.mark.parametrize("path", PUBLIC)
def test_a_garbage_token_on_a_public_address_is_401(client: Client, path: str, authorization: str) -> None:
    answer = client.get(path, status=401, headers={"Authorization": authorization})
    assert answer.json["code"] == "invalid_token"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="courseplatform", error="invalid_token"'


def test_the_token_of_an_ended_session_is_401_wherever_it_is_shown(
    client: Client, teacher: Actor, student: Actor
) -> None:
    published, draft = make_course(client, teacher), make_course(client, teacher, "draft")
    end_session(student)
    for path in (*PUBLIC, published, draft, "/api/users/me/", "/api/users/", f"/api/users/{teacher.id}/"):
        assert student.get(path, status=401).json["code"] == "invalid_token", path
    assert student.patch(published, {"title": "x"}, status=401).json["code"] == "invalid_token"


def test_other_schemes_of_authorization_are_not_ours(client: Client) -> None:
    for value in ("Basic dTpw", "", "Negotiate x"):
        client.get("/api/courses/", headers={"Authorization": value})


@pytest.mark.parametrize("authorization", GARBAGE)
def test_signing_in_works_with_a_bad_authorization_header(client: Client, student: Actor, authorization: str) -> None:
    username = student.get("/api/users/me/").json["username"]
    body = {"username": username, "password": PASSWORD}
    client.post("/api/auth/login/", body, status=200, headers={"Authorization": authorization})
    client.get("/api/", headers={"Authorization": authorization})


def test_a_permission_that_nobody_grants_is_for_administrators_only(
    client: Client, admin: Actor, teacher: Actor
) -> None:
    teacher.get("/api/sandbox/extensions/", status=403)
    admin.get("/api/sandbox/extensions/")


def test_a_retried_request_asks_again_who_calls(client: Client, teacher: Actor) -> None:
    seen = client.registry["sandbox.callers"] = []
    teacher.post("/api/sandbox/retries/", status=200)
    first, second = seen
    assert first is not second
    assert first.identity == second.identity


def test_a_local_role_of_a_second_plugin_joins_the_one_statement(
    database_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests: set[UUID] = set()

    def is_guest(user_id: Any, course_id: Any) -> Any:
        return user_id == literal(next(iter(guests)))

    def includeme(config: Configurator) -> None:
        config.include("plugins.courses")
        config.add_local_role("plugins.courses.resources.CourseItem", "teacher", is_guest)

    module = type(pytest)("guests")
    module.includeme = includeme  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "guests", module)
    with without_environment():
        app = make_app(database_url, tmp_path, **{"courseplatform.plugins": "guests"})
    with rolled_back(app) as (client, _):
        teacher, guest, other = (make_user(client, role) for role in ("teacher", "student", "student"))
        guests.add(guest.user_id)
        draft = make_course(client, teacher, "draft")
        with counted_statements(app.registry) as statements:
            guest.get(draft)
        assert len(statements) == 1
        other.get(draft, status=404)
        guest.delete(draft, status=403)
    app.registry["db.engine"].dispose()


def test_two_sources_of_identity_are_a_conflict() -> None:
    def one(config: Configurator) -> None:
        config.set_identity_source(object())

    def two(config: Configurator) -> None:
        config.set_identity_source(object())

    with pytest.raises(ConfigurationConflictError, match="identity source"):
        build(one, two)
    with pytest.raises(ConfigurationConflictError, match="identity source"):
        build(one)  # accounts names one already
