"""The tree: segments are literal names, the lineage is one statement, writes lock the leaf."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError
from sqlalchemy import text

from courseplatform.resources import Node, lineage_statement
from courseplatform.testing import Client, counted_statements
from plugins.courses.resources import CourseItem, TeacherItem
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import add_co_teacher, id_of, make_course

from .conftest import build

A_UUID = "0190a000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    "path",
    [
        "/api/courses/@@/",
        "/api/courses/@@/teachers/",
        "/api/courses/../users/",
        "/api/courses/%2e%2e/users/",
        "/api/courses/%2E%2E/users/me/",
        "/api/courses/%252e%252e/users/",
        "/api/courses/./",
        "/api/courses/%2e/teachers/",
        "/api/problems/../",
        "/api/problems/%2e%2e/",
        "/api/problems/@@/",
        f"/api/courses/{A_UUID}/../",
        f"/api/courses/{A_UUID}/teachers/@@/",
        f"/api/courses/{A_UUID}/teachers/%2e%2e/",
        f"/api/courses/@@{A_UUID}/",
        f"/api/courses/{A_UUID}%00/",
        f"/api/courses/{A_UUID}%2f/",
        f"/api/courses/{A_UUID} /",
        f"/api/courses/{A_UUID[:-1]}/",
        f"/api/courses/{{{A_UUID}}}/",
        "/api/courses/urn:uuid:" + A_UUID + "/",
        "/api//courses/",
    ],
)
def test_no_trick_of_a_path_reaches_another_node(client: Client, admin: Actor, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = admin.call(method, path)
        assert answer.status_int in (400, 404), f"{method} {path}: {answer.status}"


def test_dots_in_a_free_segment_never_walk_up(client: Client) -> None:
    assert client.get("/api/problems/../", status=404).json["code"] == "not_found"
    assert client.get("/api/problems/not_found/").json["code"] == "not_found"


@pytest.mark.parametrize("name", ["..", "%2e%2e", ".", "%2e", "@@", "@@view", "%40%40", "%2e%2e%2f", "+view+x", "room"])
def test_no_name_of_a_closed_room_opens_what_lies_around_it(client: Client, student: Actor, name: str) -> None:
    """Pyramid's own traverser takes ``..`` for the parent and ``@@`` for the end of the path."""
    answer = student.call("GET", f"/api/sandbox/rooms/{name}/")
    assert answer.status_int == (403 if "@" in name or name in ("+view+x", "room", "%40%40") else 404)


def test_an_upper_case_id_is_the_same_resource(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    assert client.get(f"/api/courses/{id_of(course).upper()}/").json["id"] == id_of(course)


def test_a_row_beneath_another_parent_is_missing(client: Client, admin: Actor, teacher: Actor) -> None:
    own, other = make_course(client, teacher), make_course(client, teacher)
    co_teacher = make_user(client, "teacher")
    add_co_teacher(client, own, co_teacher)
    admin.delete(f"{other}teachers/{co_teacher.id}/", status=404)
    admin.delete(f"/api/courses/{uuid4()}/teachers/{co_teacher.id}/", status=404)
    admin.delete(f"{own}teachers/{co_teacher.id}/")


def test_the_whole_lineage_costs_one_statement(client: Client, teacher: Actor) -> None:
    course, co_teacher = make_course(client, teacher), make_user(client, "teacher")
    add_co_teacher(client, course, co_teacher)
    with counted_statements(client.registry) as statements:
        teacher.delete(f"{course}teachers/{co_teacher.id}/")
    reads = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(reads) == 2, reads  # the lineage; the identity with its roles
    assert "course_teachers" in reads[0]


@pytest.mark.parametrize(
    ("leaf_lock", "clauses"),
    [
        ("", "FOR KEY SHARE OF courses FOR KEY SHARE OF course_teachers"),
        ("NO KEY UPDATE", "FOR KEY SHARE OF courses FOR NO KEY UPDATE OF course_teachers"),
        ("UPDATE", "FOR KEY SHARE OF courses FOR UPDATE OF course_teachers"),
    ],
)
def test_a_write_holds_the_lineage_and_locks_the_leaf(leaf_lock: str, clauses: str) -> None:
    statement = str(lineage_statement((CourseItem, TeacherItem), True, leaf_lock).compile(dialect=_postgresql()))
    assert " ".join(statement.split()).endswith(clauses)
    assert "LEFT OUTER JOIN" not in statement


def test_a_class_says_how_what_is_written_beneath_it_holds_its_row() -> None:
    class HeldCourse(CourseItem):
        held_for = "SHARE"

    statement = str(lineage_statement((HeldCourse, TeacherItem), True, "UPDATE").compile(dialect=_postgresql()))
    assert " ".join(statement.split()).endswith("FOR SHARE OF courses FOR UPDATE OF course_teachers")


@pytest.mark.parametrize(
    ("method", "lock"), [("PUT", "NO KEY UPDATE"), ("PATCH", "NO KEY UPDATE"), ("DELETE", "UPDATE")]
)
def test_a_row_is_locked_at_once_as_it_will_be_needed(client: Client, teacher: Actor, method: str, lock: str) -> None:
    course = make_course(client, teacher)
    with counted_statements(client.registry) as statements:
        teacher.call(method, course, {"title": "Algebra"} if method != "DELETE" else None)
    assert next(s for s in statements if "FROM courses" in s).rstrip().endswith(f"FOR {lock} OF courses")


def test_an_erasure_keeps_the_row_and_so_does_not_lock_its_key(client: Client, admin: Actor) -> None:
    leaver = make_user(client)
    with counted_statements(client.registry) as statements:
        admin.delete(f"/api/users/{leaver.id}/", status=None)
    assert any(s.rstrip().endswith("FOR NO KEY UPDATE OF users") for s in statements)


def test_reading_joins_outwards() -> None:
    reading = str(lineage_statement((CourseItem, TeacherItem), False).compile(dialect=_postgresql()))
    assert "FOR" not in reading
    assert "LEFT OUTER JOIN" in reading


def _postgresql() -> Any:
    from sqlalchemy.dialects import postgresql

    return postgresql.dialect()


def test_reading_locks_nothing(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    with counted_statements(client.registry) as statements:
        client.get(course)
    assert not any("FOR " in statement for statement in statements)


def test_two_writers_of_one_row_wait_for_each_other(committing_client: Client) -> None:
    """Each adds a letter to what it read under the lock: with a lost update some letter would be missing."""
    teacher = make_user(committing_client, "teacher")
    course = make_course(committing_client, teacher, "draft")
    etag = teacher.get(course).headers["ETag"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda n: teacher.call("PATCH", course, {"title": f"Title {n}"}, headers={"If-Match": etag}).status_int,
                range(8),
            )
        )
    assert sorted(answers) == [200] + [412] * 7


def test_a_child_can_be_inserted_while_its_parent_is_written(committing_client: Client) -> None:
    teacher = make_user(committing_client, "teacher")
    course, co_teacher = make_course(committing_client, teacher), make_user(committing_client, "teacher")
    with committing_client.registry["db.engine"].begin() as connection:
        lock = text("SELECT 1 FROM courses WHERE id = :id FOR NO KEY UPDATE")
        connection.execute(lock, {"id": id_of(course)})
        teacher.post(f"{course}teachers/", {"user_id": co_teacher.id})


def test_a_row_that_stays_locked_is_503_and_not_a_hang(committing_client: Client) -> None:
    teacher = make_user(committing_client, "teacher")
    course = make_course(committing_client, teacher)
    with committing_client.registry["db.engine"].begin() as connection:
        lock = text("SELECT 1 FROM courses WHERE id = :id FOR NO KEY UPDATE")
        connection.execute(lock, {"id": id_of(course)})
        answer = teacher.patch(course, {"title": "Later"}, status=503)
    assert answer.headers["Retry-After"] == "2"


def test_two_plugins_on_one_spot_are_a_conflict_that_names_both_lines() -> None:
    def one(config: Configurator) -> None:
        config.add_resource_node("plugins.courses.resources.CourseItem", "chat", Node)

    def two(config: Configurator) -> None:
        config.add_resource_node("plugins.courses.resources.CourseItem", "chat", Node)

    with pytest.raises(ConfigurationConflictError) as caught:
        build(one, two)
    assert str(caught.value).count("test_resources.py") == 2


def test_an_item_beneath_an_item_must_name_its_parents_column() -> None:
    with pytest.raises(TypeError, match="needs parent_id"):
        lineage_statement((CourseItem, CourseItem), False)


def test_a_node_mounted_on_a_base_class_is_found_beneath_its_heirs(client: Client) -> None:
    class Heir(CourseItem):
        pass

    class Chat(Node):
        pass

    def mount(config: Configurator) -> None:
        config.add_resource_node("plugins.courses.resources.CourseItem", "chat", Chat)

    class Request:
        registry = build(mount).registry

    assert isinstance(Heir(Request())["chat"], Chat)
    with pytest.raises(KeyError):
        Heir(Request())["nothing"]
