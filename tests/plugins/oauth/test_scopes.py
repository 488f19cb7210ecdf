"""Scopes narrow what the access control list allows, and never widen it."""

from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError

from courseplatform.testing import Client
from tests.core.conftest import build
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import make_course
from tests.factories.oauth import make_application, make_personal_token


@pytest.fixture
def all_scopes(client: Client) -> list[str]:
    return sorted(client.registry["scopes"])


def test_a_refusal_names_the_scopes_that_would_do(client: Client, teacher: Actor) -> None:
    script = client.as_(make_personal_token(teacher, "profile")["token"])
    refused = script.post("/api/courses/", {"title": "T"}, status=403)
    assert refused.json["code"] == "insufficient_scope"
    expected = 'Bearer realm="courseplatform", error="insufficient_scope", scope="courses:write"'
    assert refused.headers["WWW-Authenticate"] == expected


def test_a_token_sees_of_courses_what_its_user_sees(
    client: Client, teacher: Actor, student: Actor, all_scopes: list[str]
) -> None:
    draft = make_course(client, teacher, "draft")
    client.as_(make_personal_token(teacher, "courses:read")["token"]).get(draft)
    client.as_(make_personal_token(student, *all_scopes)["token"]).get(draft, status=404)
    client.as_(make_personal_token(student, "profile")["token"]).get(draft, status=404)
    missing = "/api/courses/0190a000-0000-7000-8000-000000000000/"
    client.as_(make_personal_token(student, "profile")["token"]).get(missing, status=404)
    client.as_(make_personal_token(teacher, "profile")["token"]).get(draft, status=403)


def test_writing_needs_no_scope_for_reading(client: Client, teacher: Actor) -> None:
    draft = make_course(client, teacher, "draft")
    script = client.as_(make_personal_token(teacher, "courses:write")["token"])
    script.patch(draft, {"title": "New"})
    script.get(draft, status=403)


def test_what_one_may_elsewhere_by_reading_is_not_denied_to_a_scope_that_only_reads(
    client: Client, teacher: Actor
) -> None:
    course = make_course(client, teacher)
    script = client.as_(make_personal_token(teacher, "courses:read")["token"])
    script.get("/api/courses/")
    told = script.get(f"{course}?explain=permissions").json["permissions"]
    assert told["course:list"]["allowed"] is True
    assert told["course:create"] == {"allowed": False, "decided_by": "scopes", "scopes": ["courses:write"]}


def test_an_address_is_shown_with_the_scope_email_only(client: Client, student: Actor, admin: Actor) -> None:
    def told(user: Actor, *scopes: str, path: str = "/api/users/me/") -> Any:
        return client.as_(make_personal_token(user, *scopes)["token"]).get(path).json

    assert "email" not in told(student, "profile") and "locale" in told(student, "profile")
    assert told(student, "profile", "email")["email"]
    assert "email" not in told(admin, "profile", "email", path=f"/api/users/{student.id}/")


def test_the_scopes_are_listed_with_what_they_mean(client: Client) -> None:
    listed = client.get("/api/oauth/scopes/").json["scopes"]
    assert {"openid", "profile", "courses:read", "courses:write", "grades:write"} <= {scope["name"] for scope in listed}
    assert all(scope["description"] for scope in listed)


def test_two_plugins_that_declare_one_scope_are_a_conflict() -> None:
    def one(config: Configurator) -> None:
        config.add_scope("mine", "Mine", ["a"])

    def two(config: Configurator) -> None:
        config.add_scope("mine", "No, mine", ["b"])

    with pytest.raises(ConfigurationConflictError, match="mine"):
        build(one, two)


def test_a_neighbours_scope_can_be_added_to(client: Client) -> None:
    reading = client.registry["scopes"]["courses:read"]
    assert {"course:view", "lesson:read", "assignment:read", "review:list"} <= reading.permissions
    assert reading.is_read_only and reading.description


def test_a_client_without_any_scope_is_of_no_use(client: Client) -> None:
    application = make_application(client, scopes=[])
    assert "invalid_scope" in application.ask(make_user(client))["redirect_to"]
