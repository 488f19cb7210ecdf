"""Narrowing: what a plugin takes away at another's nodes. It costs no statement and never grants anything."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from pyramid.config import Configurator
from sqlalchemy import false, literal, or_

from courseplatform.problems import Problem
from courseplatform.testing import Client, counted_statements, make_app, rolled_back, without_environment
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import make_course

COURSE = "plugins.courses.resources.CourseItem"
GUESTS: set[UUID] = set()


def is_guest(user_id: Any, course_id: Any) -> Any:
    return or_(false(), *(user_id == literal(guest) for guest in GUESTS))


def lend(config: Configurator) -> None:
    config.include("plugins.courses")
    config.add_local_role(COURSE, "guest", is_guest)
    config.add_restriction(COURSE, "course:edit", "guest")
    config.add_restriction(COURSE, "course:own", ["guest", "owner"])
    config.add_restriction("plugins.courses.resources.Teachers", "course:own", "guest")


def hide(config: Configurator) -> None:
    config.include("plugins.courses")
    config.add_local_role(COURSE, "guest", is_guest)
    config.add_restriction(COURSE, "course:view", "guest")


def only_reading(config: Configurator) -> None:
    config.include("plugins.courses")
    config.add_problems({"house_closed": Problem(403, "The house is closed.", "Come back tomorrow.")})
    closed = {"allows": lambda request: False, "methods": ["PATCH"], "code": "house_closed", "spares_admins": False}
    config.add_restriction(COURSE, "course:edit", **closed)


def fail(event: Any) -> None:
    raise RuntimeError("swordfish-9081")


def failing(config: Configurator) -> None:
    config.include("plugins.courses")
    config.add_subscriber(fail, "plugins.courses.events.CoursePublished")


@pytest.fixture(params=[lend])
def client(request: Any, database_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of a platform with one of the plugins above."""
    GUESTS.clear()
    module: Any = ModuleType("house_rules")
    module.includeme = request.param
    monkeypatch.setitem(sys.modules, "house_rules", module)
    monkeypatch.setattr(request.param, "__module__", __name__)
    with without_environment():
        app = make_app(database_url, tmp_path, **{"courseplatform.plugins": "house_rules"})
    with rolled_back(app) as (made, _):
        yield made
    app.registry["db.engine"].dispose()


@pytest.fixture
def owner(client: Client) -> Actor:
    return make_user(client, "teacher")


def edit(actor: Any, course: str, status: int) -> Any:
    return actor.patch(course, {"title": "New"}, headers={"If-Match": "*"}, status=status)


def test_who_lacks_the_role_may_no_longer_although_the_acl_allows(client: Client, owner: Actor) -> None:
    course = make_course(client, owner)
    assert edit(owner, course, 403).json["code"] == "forbidden"
    GUESTS.add(owner.user_id)
    client.registry["identity.statements"].clear()  # the set is part of the statement
    edit(owner, course, 200)


def test_the_refusal_and_the_node_tell_of_the_restriction(client: Client, owner: Actor) -> None:
    course = make_course(client, owner)
    refused = edit(owner, course, 403).json
    assert refused["rule"] == {"permission": "course:edit", "address": course, "decided_by": "restriction"}
    assert refused["missing"] == ["guest", "admin"]
    told = owner.get(f"{course}?explain=permissions").json
    missing = {"allowed": False, "decided_by": "restriction", "missing": ["guest", "admin"]}
    assert told["permissions"]["course:edit"] == missing
    assert (told["methods"][f"PATCH {course}"], told["methods"][f"DELETE {course}"]) == (False, True)
    assert told["methods"][f"GET {course}teachers/"] is False  # needs guest there


@pytest.mark.parametrize("client", [only_reading], indirect=True)
def test_one_that_is_for_some_methods_is_told_by_method(client: Client, owner: Actor) -> None:
    course = make_course(client, owner)
    told = owner.get(f"{course}?explain=permissions").json
    methods = {name: told["methods"][f"{name} {course}"] for name in ("PUT", "PATCH", "DELETE")}
    assert methods == {"PUT": True, "PATCH": False, "DELETE": True}
    closed = {"allowed": False, "decided_by": "restriction", "missing": [], "code": "house_closed"}
    assert told["permissions"]["course:edit"] == closed
    refused = edit(owner, course, 403).json
    assert (refused["code"], refused["remedy"]) == ("house_closed", "Come back tomorrow.")


def test_a_role_alone_grants_nothing(client: Client, owner: Actor) -> None:
    course, stranger = make_course(client, owner), make_user(client, "student")
    GUESTS.add(stranger.user_id)
    edit(stranger, course, 403)


def test_administrators_are_spared_and_strangers_are_told_what_they_were_told(client: Client, owner: Actor) -> None:
    course = make_course(client, owner)
    edit(make_user(client, "admin"), course, 200)
    edit(client, course, 401)


def test_one_of_several_roles_is_enough_and_it_may_be_held_above(client: Client, owner: Actor) -> None:
    course = make_course(client, owner)
    owner.get(f"{course}teachers/", status=403)  # needs guest, which the owner is not
    owner.delete(course, headers={"If-Match": "*"}, status=204)  # needs guest or owner
    course = make_course(client, owner)
    GUESTS.add(owner.user_id)
    client.registry["identity.statements"].clear()
    owner.get(f"{course}teachers/", status=200)  # held at the course, above


def test_a_restriction_costs_no_statement(client: Client, owner: Actor) -> None:
    course = make_course(client, owner)
    with counted_statements(client.registry) as statements:
        edit(owner, course, 403)
    assert len(statements) == 2, statements


@pytest.mark.parametrize("client", [hide], indirect=True)
def test_what_may_not_be_seen_is_hidden_with_all_beneath_it(client: Client, owner: Actor) -> None:
    course, missing = make_course(client, owner), "/api/courses/0190a000-0000-7000-8000-000000000000/"
    for actor in (client, owner):
        for below in ("", "teachers/", "publication/"):
            for method in ("GET", "PUT", "DELETE"):
                assert actor.call(method, course + below).status == actor.call(method, missing + below).status
    assert owner.get(course, status=404).json["code"] == "not_found"
    assert make_user(client, "admin").get(course, status=200)
    assert len(client.get("/api/courses/").json["results"]) == 1  # a list is its own business


@pytest.mark.parametrize("client", [failing], indirect=True)
def test_a_subscriber_that_fails_rolls_back_that_request_only(client: Client, owner: Actor) -> None:
    course = make_course(client, owner, "draft")
    answer = owner.put(f"{course}publication/", status=500)
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "internal_error"
    assert "swordfish" not in answer.text
    assert owner.get(course).json["status"] == "draft"
    edit(owner, course, 200)
