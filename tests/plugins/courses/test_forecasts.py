"""What dry runs say of courses: what is lost when one is deleted, or somebody teaches no more."""

from typing import Any

from courseplatform.testing import Client, id_of
from plugins.courses.models import Course
from plugins.courses.testing import add_co_teacher, make_course
from tests.factories.accounts import Actor, make_user
from tests.factories.enrollments import enrol

DRY = {"Prefer": "dry-run"}


def forecasts(actor: Client, method: str, path: str, body: Any = None) -> dict[str, dict[str, int]]:
    return actor.call(method, path, body, headers=DRY, status=200).json["forecasts"]


def test_a_forced_deletion_counts_what_goes_with_the_course(client: Client, admin: Actor, course: str) -> None:
    enrol(client, course, make_user(client))
    told = forecasts(admin, "DELETE", f"{course}?force=true")
    assert told["dependents"] == {"enrollments": 1}
    refused = admin.delete(course, headers=DRY, status=409).json
    assert (refused["code"], refused["dependents"]) == ("has_dependents", {"enrollments": 1})
    client.get(course)


def test_who_teaches_no_more_loses_courses(client: Client, admin: Actor, teacher: Actor, course: str) -> None:
    make_course(client, teacher)
    other = make_course(client, make_user(client, "teacher"))
    add_co_teacher(client, other, teacher)
    user = f"/api/users/{teacher.id}/"
    assert forecasts(admin, "PATCH", user, {"role": "student"})["courses"] == {"owned": 2, "co_taught": 1}
    assert "courses" not in forecasts(admin, "PATCH", user, {"role": "admin"})
    heir = make_user(client, "teacher")
    told = forecasts(admin, "DELETE", f"{user}?transfer_to={heir.id}")
    assert told["courses"] == {"owned": 2, "co_taught": 1}
    assert admin.delete(user, headers=DRY, status=409).json["code"] == "owns_courses"
    with client.script() as request:
        assert request.db.get_one(Course, id_of(course)).teacher_id == teacher.user_id
    assert teacher.get("/api/users/me/").json["role"] == "teacher"
