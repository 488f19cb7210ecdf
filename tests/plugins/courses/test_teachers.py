"""``/courses/{course_id}/teachers/``: named by the owner, gone by the next request."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from courseplatform.testing import Client
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import add_co_teacher, make_course


@pytest.fixture
def course(client: Client, teacher: Actor) -> str:
    return make_course(client, teacher, "draft")


@pytest.fixture
def co_teacher(client: Client) -> Actor:
    return make_user(client, "teacher")


def test_a_named_co_teacher_teaches_from_the_next_request_on(
    client: Client, teacher: Actor, co_teacher: Actor, course: str
) -> None:
    co_teacher.get(course, status=404)
    answer = teacher.post(f"{course}teachers/", {"user_id": co_teacher.id})
    assert answer.headers["Location"].endswith(f"{course}teachers/{co_teacher.id}/")
    assert teacher.get(answer.headers["Location"]).json == answer.json
    assert set(answer.json) == {"user_id", "added_at", "user"}
    assert set(answer.json["user"]) == {"id", "username", "first_name", "last_name", "role"}
    co_teacher.patch(course, {"title": "Ours"})
    assert [row["user_id"] for row in teacher.get(f"{course}teachers/").json["results"]] == [co_teacher.id]


def test_who_has_seen_a_co_teacher_under_another_name_is_told(
    client: Client, teacher: Actor, co_teacher: Actor, course: str
) -> None:
    add_co_teacher(client, course, co_teacher)
    address = f"{course}teachers/{co_teacher.id}/"
    seen = {"If-None-Match": teacher.get(address).headers["ETag"]}
    teacher.get(address, status=304, headers=seen)
    co_teacher.patch("/api/users/me/", {"first_name": "Renamed"})
    assert teacher.get(address, headers=seen).json["user"]["first_name"] == "Renamed"
    teacher.delete(address, status=412, headers={"If-Match": seen["If-None-Match"]})


def test_a_removed_co_teacher_has_no_rights_from_the_next_request_on(
    client: Client, teacher: Actor, co_teacher: Actor, course: str
) -> None:
    add_co_teacher(client, course, co_teacher)
    co_teacher.get(course)
    teacher.delete(f"{course}teachers/{co_teacher.id}/")
    co_teacher.get(course, status=404)
    co_teacher.patch(course, {"title": "Mine"}, status=404)
    teacher.delete(f"{course}teachers/{co_teacher.id}/", status=404)


def test_a_demoted_co_teacher_has_no_rights_from_the_next_request_on(
    client: Client, admin: Actor, co_teacher: Actor, course: str
) -> None:
    add_co_teacher(client, course, co_teacher)
    co_teacher.get(course)
    admin.patch(f"/api/users/{co_teacher.id}/", {"role": "student"})
    co_teacher.get(course, status=404)
    admin.patch(f"/api/users/{co_teacher.id}/", {"role": "teacher"})
    co_teacher.get(course)


def test_only_the_owner_and_administrators_name_teachers(
    client: Client, admin: Actor, teacher: Actor, student: Actor, co_teacher: Actor
) -> None:
    course, other = make_course(client, teacher), make_user(client, "teacher")
    add_co_teacher(client, course, co_teacher)
    for actor, status in ((client, 401), (student, 403), (other, 403), (co_teacher, 403)):
        actor.get(f"{course}teachers/", status=status)
        actor.post(f"{course}teachers/", {"user_id": other.id}, status=status)
        actor.delete(f"{course}teachers/{co_teacher.id}/", status=status)
    admin.post(f"{course}teachers/", {"user_id": other.id})
    admin.delete(f"{course}teachers/{co_teacher.id}/")


def test_only_active_teachers_are_named(client: Client, teacher: Actor, student: Actor, course: str) -> None:
    idle = make_user(client, "teacher", is_active=False)
    for user_id in (student.id, idle.id, str(uuid4())):
        answer = teacher.post(f"{course}teachers/", {"user_id": user_id}, status=409)
        assert answer.json["code"] == "not_a_teacher"
    teacher.post(f"{course}teachers/", {"user_id": "x"}, status=422)
    teacher.post(f"{course}teachers/", {"user_id": student.id, "role": "owner"}, status=422)


def test_nobody_is_named_twice_nor_beside_the_owner(teacher: Actor, co_teacher: Actor, course: str) -> None:
    teacher.post(f"{course}teachers/", {"user_id": co_teacher.id})
    for user_id in (co_teacher.id, teacher.id):
        answer = teacher.post(f"{course}teachers/", {"user_id": user_id}, status=409)
        assert answer.json["code"] == "already_staff"


def test_of_16_who_name_one_co_teacher_at_once_one_does(committing_client: Client) -> None:
    owner, co_teacher = (make_user(committing_client, "teacher") for _ in range(2))
    course = make_course(committing_client, owner)
    with ThreadPoolExecutor(16) as threads:
        call = lambda _: owner.call("POST", f"{course}teachers/", {"user_id": co_teacher.id})  # noqa: E731
        answers = list(threads.map(call, range(16)))
    assert sorted(answer.status_int for answer in answers) == [201] + [409] * 15
    assert {answer.json.get("code") for answer in answers} == {None, "already_staff"}


def test_a_co_teacher_elsewhere_is_an_ordinary_user(client: Client, teacher: Actor, co_teacher: Actor) -> None:
    shared, other = make_course(client, teacher), make_course(client, teacher)
    add_co_teacher(client, shared, co_teacher)
    co_teacher.patch(shared, {"title": "Ours"})
    co_teacher.patch(other, {"title": "Ours"}, status=403)


def test_the_list_of_teachers_is_paged(client: Client, teacher: Actor, course: str) -> None:
    for _ in range(3):
        add_co_teacher(client, course, make_user(client, "teacher"))
    first = teacher.get(f"{course}teachers/?limit=2").json
    second = teacher.get(first["next"]).json
    assert [len(page["results"]) for page in (first, second)] == [2, 1]
    assert second["next"] is None
