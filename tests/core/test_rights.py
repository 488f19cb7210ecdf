"""Why one may or may not, in public words."""

from typing import Any

import pytest
from pyramid.authorization import ALL_PERMISSIONS, Allow, Authenticated, Deny, Everyone

from courseplatform.resources import Item, Node
from courseplatform.rights import allowing, remedy_of, word_of
from courseplatform.testing import Client, counted_statements
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import make_course

EXPLAIN = "?explain=permissions"


class Top(Node):
    __acl__ = [(Allow, "role:admin", ALL_PERMISSIONS)]


class Thing(Item):
    kind = "odd_thing"


def node(*acl: Any) -> Node:
    top = Top(None)
    thing = Thing(None, "7", top)
    thing.__acl__ = acl
    return thing


@pytest.mark.parametrize(
    ("acl", "roles"),
    [
        ([], ["admin"]),
        (
            [(Allow, "odd_thing:7:keeper", "see"), (Allow, "role:teacher", ("hear", "see"))],
            ["keeper", "teacher", "admin"],
        ),
        ([(Allow, "role:teacher", "hear")], ["admin"]),
        ([(Deny, "role:admin", "see"), (Allow, "role:teacher", "see")], ["teacher"]),
        ([(Allow, "role:teacher", "see"), (Deny, "role:teacher", "see")], ["teacher", "admin"]),
        ([(Deny, "role:teacher", "see"), (Allow, "role:teacher", "see")], ["admin"]),
        ([(Allow, "role:teacher", "see"), (Deny, Everyone, "see")], ["teacher"]),
        ([(Allow, "role:teacher", "see"), (Deny, Authenticated, ALL_PERMISSIONS)], ["teacher"]),
        ([(Deny, Everyone, "hear")], ["admin"]),
    ],
)
def test_those_are_named_whom_no_nearer_line_shuts_out(acl: Any, roles: list[str]) -> None:
    found = [line.principal.rpartition(":")[2] for line in allowing(node(*acl), "see")]
    assert found == roles


@pytest.mark.parametrize(
    ("principal", "word"),
    [
        (Everyone, "anyone"),
        (Authenticated, "anyone signed in"),
        ("role:admin", "admin"),
        ("odd_thing:0190a000-0000-7000-8000-000000000000:vice_keeper", "odd thing vice keeper"),
        ("user:0190a000-0000-7000-8000-000000000000", "the odd thing's user"),
        ("wheel", None),
    ],
)
def test_a_principal_is_told_without_ids(principal: str, word: str | None) -> None:
    assert word_of(principal, node()) == word


def test_the_remedy_is_a_sentence() -> None:
    assert (
        remedy_of(["course owner", "admin"])
        == "This is for: course owner or admin. Ask one who may, or to be made one."
    )
    assert remedy_of(["admin"], "you") == "This is for: admin; and never for: you. Ask one who may."
    assert remedy_of([]) == "Nobody may do this here."


def test_a_403_says_rule_missing_roles_and_remedy(client: Client, teacher: Actor, student: Actor) -> None:
    course = make_course(client, teacher)
    refused = student.patch(f"{course}", {"title": "Mine"}, status=403).json
    assert refused["rule"] == {"permission": "course:edit", "address": course, "decided_by": None}
    assert refused["missing"] == ["course owner", "course teacher", "admin"]
    assert refused["remedy"].startswith("This is for: course owner or course teacher or admin.")


def test_neither_a_401_nor_a_404_says_why(client: Client, teacher: Actor, student: Actor) -> None:
    course = make_course(client, teacher, "draft")
    for answer in (
        student.get(course, status=404),
        client.patch(course, {}, status=404),
        client.get("/api/users/", 401),
    ):
        assert not {"rule", "missing"} & set(answer.json)


def test_a_view_that_refuses_says_of_which_field_and_who_may(client: Client, teacher: Actor) -> None:
    other = make_user(client, "teacher")
    refused = teacher.post("/api/courses/", {"title": "T", "teacher_id": other.id}, status=403).json
    assert (refused["rule"], refused["missing"]) == ({"field": "teacher_id"}, ["admin"])
    assert refused["remedy"] == "This is for: admin. Ask one who may, or to be made one."


def test_a_node_explains_what_the_caller_may(client: Client, teacher: Actor, student: Actor) -> None:
    course = make_course(client, teacher)
    told = teacher.get(course + EXPLAIN).json
    assert told["permissions"]["course:own"] == {"allowed": True, "decided_by": "course owner"}
    assert told["methods"][f"PUT {course}publication/"] is True
    told = student.get(course + EXPLAIN).json
    missing = ["course owner", "admin"]
    assert told["permissions"]["course:own"] == {"allowed": False, "decided_by": None, "missing": missing}
    assert told["methods"][f"PUT {course}publication/"] is False
    assert told["methods"][f"GET {course}"] is True
    assert "permissions" not in student.get(course).json
    assert client.get(course + EXPLAIN).json["methods"][f"PATCH {course}"] is False


def test_a_list_explains_whether_one_may_add_to_it_and_an_empty_one_does_too(teacher: Actor, student: Actor) -> None:
    for actor, may in ((teacher, True), (student, False)):
        told = actor.get(f"/api/courses/{EXPLAIN}&limit=1").json
        assert told["methods"]["POST /api/courses/"] is may
        assert told["permissions"]["course:create"]["allowed"] is may


def test_nothing_is_read_for_it(client: Client, admin: Actor, teacher: Actor) -> None:
    course = make_course(client, teacher)
    for path in (course, "/api/courses/", "/api/users/", "/api/users/me/"):
        with counted_statements(client.registry) as plain:
            admin.get(path)
        with counted_statements(client.registry) as explained:
            admin.get(path + EXPLAIN)
        assert len(explained) == len(plain), path


def test_the_etag_changes_with_ones_rights_and_still_protects_the_row(client: Client, teacher: Actor) -> None:
    course, colleague = make_course(client, teacher), make_user(client, "teacher")
    plain, before = colleague.get(course).headers["ETag"], colleague.get(course + EXPLAIN).headers["ETag"]
    assert before != plain != teacher.get(course + EXPLAIN).headers["ETag"] != before
    colleague.get(course + EXPLAIN, headers={"If-None-Match": before}, status=304)
    teacher.post(f"{course}teachers/", {"user_id": colleague.id})
    now = colleague.get(course + EXPLAIN, headers={"If-None-Match": before})
    assert now.json["permissions"]["course:edit"]["allowed"] is True
    colleague.patch(course, {"title": "Ours"}, headers={"If-Match": now.headers["ETag"]})
    colleague.patch(course, {"title": "Ours"}, headers={"If-Match": now.headers["ETag"]}, status=412)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_only_reading_can_be_explained(client: Client, teacher: Actor, method: str) -> None:
    course = make_course(client, teacher)
    (fault,) = teacher.call(method, course + EXPLAIN, {"title": "T"} if method != "DELETE" else None, 422).json[
        "errors"
    ]
    assert (fault["location"], fault["name"]) == ("querystring", "explain")
    teacher.get(f"{course}?explain=everything", status=422)


def test_what_is_no_object_can_not_be_explained(client: Client) -> None:
    client.get("/api/sandbox/listed/", status=200)
    (fault,) = client.get(f"/api/sandbox/listed/{EXPLAIN}", status=422).json["errors"]
    assert fault["name"] == "explain"
