"""``/courses/{course_id}/enrollments/``, for staff, and what enrollments mean to courses and accounts."""

import pytest
import sqlalchemy as sa

from courseplatform.testing import counted_statements
from plugins.accounts.models import User
from plugins.enrollments.api import StudentEnrolled
from plugins.enrollments.models import Enrollment
from tests.factories.accounts import make_user
from tests.factories.courses import add_co_teacher, make_course
from tests.factories.enrollments import enrol


def status_of(client, enrollment):
    with client.script() as request:
        return request.db.scalar(sa.select(Enrollment.status).where(Enrollment.id == enrollment.split("/")[-2]))


def test_staff_see_the_roster_newest_first(client, teacher, admin):
    course, other = make_course(client, teacher), make_user(client, "teacher")
    add_co_teacher(client, course, other)
    students = [make_user(client) for _ in range(3)]
    for student in students:
        enrol(client, course, student)
    for actor in (teacher, other, admin):
        listed = actor.get(course + "enrollments/").json
        assert [row["student_id"] for row in listed["results"]] == [student.id for student in reversed(students)]
    page = teacher.get(course + "enrollments/?limit=2").json
    assert len(page["results"]) == 2 and page["next"]


def test_the_roster_is_filtered_by_status_and_expanded_by_students(client, teacher, student):
    course = make_course(client, teacher)
    enrol(client, course, student, "dropped")
    enrol(client, course, make_user(client))
    (row,) = teacher.get(course + "enrollments/?status=dropped&expand=student").json["results"]
    assert row["extensions"]["student"]["id"] == student.id
    assert "email" not in row["extensions"]["student"]
    teacher.get(course + "enrollments/?status=gone", status=422)
    teacher.get(course + "enrollments/?expand=nothing", status=422)


@pytest.mark.parametrize(("role", "status"), [("student", 403), ("teacher", 403), (None, 401)])
def test_others_see_no_roster_and_enrol_nobody(client, teacher, student, role, status):
    course = make_course(client, teacher)
    item = enrol(client, course, student)
    actor = make_user(client, role) if role else client
    actor.get(course + "enrollments/", status=status)
    actor.post(course + "enrollments/", {"student_id": student.id}, status=status)
    actor.get(item, status=status)
    actor.delete(item, status=status)


def test_a_student_of_the_course_sees_no_roster_either(client, teacher, student):
    course = make_course(client, teacher)
    item = enrol(client, course, student)
    student.get(course + "enrollments/", status=403)
    student.delete(item, status=403)


def test_the_roster_of_a_draft_is_hidden(client, teacher, student):
    student.get(make_course(client, teacher, "draft") + "enrollments/", status=404)


def test_staff_enrol_a_student(client, teacher, student, heard):
    course = make_course(client, teacher)
    answer = teacher.post(course + "enrollments/", {"student_id": student.id})
    assert answer.headers["Location"].endswith(f"enrollments/{answer.json['id']}/")
    assert teacher.get(answer.headers["Location"]).json == answer.json
    assert teacher.post(course + "enrollments/", {"student_id": student.id}, status=200).json == answer.json
    (event,) = [event for event in heard if isinstance(event, StudentEnrolled)]
    assert (event.student_id, event.by_user_id) == (student.user_id, teacher.user_id)


@pytest.mark.parametrize("status", ["dropped", "removed"])
def test_staff_bring_a_student_back(client, teacher, student, status):
    course = make_course(client, teacher)
    enrol(client, course, student, status)
    body = {"student_id": student.id}
    assert teacher.post(course + "enrollments/", body, status=200).json["status"] == "active"


def test_only_active_users_are_enrolled(client, teacher):
    course = make_course(client, teacher)
    for student_id in (make_user(client, is_active=False).id, "00000000-0000-7000-8000-000000000000"):
        answer = teacher.post(course + "enrollments/", {"student_id": student_id}, status=422)
        assert [fault["name"] for fault in answer.json["errors"]] == ["student_id"]


@pytest.mark.parametrize("body", [{}, {"student_id": None}, {"student_id": 7}, {"student_id": "x", "status": "active"}])
def test_a_faulty_body_is_refused(client, teacher, body):
    teacher.post(make_course(client, teacher) + "enrollments/", body, status=422)


def test_staff_are_not_enrolled_by_staff(client, teacher, admin):
    course = make_course(client, teacher)
    for actor in (teacher, admin):
        answer = actor.post(course + "enrollments/", {"student_id": teacher.id}, status=409)
        assert answer.json["code"] == "is_staff"


def test_staff_enrol_nobody_in_an_archived_course(client, teacher, student):
    course = make_course(client, teacher, "archived")
    answer = teacher.post(course + "enrollments/", {"student_id": student.id}, status=409)
    assert answer.json["code"] == "course_archived"


def test_a_removed_student_has_no_access_from_the_next_request_on(client, teacher, student):
    course = make_course(client, teacher)
    item = enrol(client, course, student)
    teacher.delete(item)
    teacher.delete(item)
    assert status_of(client, item) == "removed"
    assert student.put(course + "enrollments/me/", status=409).json["code"] == "enrollment_removed"


def test_removing_honours_if_match(client, teacher, student):
    item = enrol(client, make_course(client, teacher), student)
    tag = teacher.get(item).headers["ETag"]
    teacher.get(item, status=304, headers={"If-None-Match": tag})
    teacher.delete(item, status=412, headers={"If-Match": '"stale"'})
    teacher.delete(item, headers={"If-Match": tag})


def test_an_enrollment_under_another_course_is_missing(client, teacher, student):
    item = enrol(client, make_course(client, teacher), student)
    elsewhere = make_course(client, teacher) + "enrollments/" + item.split("/")[-2] + "/"
    teacher.get(elsewhere, status=404)
    teacher.delete(elsewhere, status=404)
    assert status_of(client, item) == "active"


def test_the_roster_costs_few_statements_whatever_its_length(client, teacher):
    course = make_course(client, teacher)
    for _ in range(5):
        item = enrol(client, course, make_user(client))
    with counted_statements(client.registry) as statements:
        teacher.get(course + "enrollments/")
    assert len(statements) <= 4, statements
    with counted_statements(client.registry) as statements:
        teacher.get(item)
    assert len(statements) <= 3, statements


def test_a_course_with_enrollments_is_not_deleted_unless_by_force(client, teacher, student, admin):
    course = make_course(client, teacher)
    item = enrol(client, course, student, "dropped")
    answer = teacher.delete(course, status=409)
    assert (answer.json["code"], answer.json["dependents"]["enrollments"]) == ("has_dependents", 1)
    admin.delete(course + "?force=true")
    assert status_of(client, item) is None


@pytest.mark.parametrize("status", ["active", "completed"])
def test_who_takes_a_course_does_not_teach_it(client, teacher, status):
    course, other = make_course(client, teacher), make_user(client, "teacher")
    enrol(client, course, other, status)
    assert teacher.post(course + "teachers/", {"user_id": other.id}, status=409).json["code"] == "is_enrolled"


def test_who_takes_a_course_does_not_come_to_own_it(client, teacher, admin):
    course, other = make_course(client, teacher), make_user(client, "teacher")
    enrol(client, course, other)
    assert admin.patch(course, {"teacher_id": other.id}, status=409).json["code"] == "is_enrolled"


def test_who_dropped_a_course_may_teach_it(client, teacher):
    course, other = make_course(client, teacher), make_user(client, "teacher")
    enrol(client, course, other, "dropped")
    teacher.post(course + "teachers/", {"user_id": other.id})


def test_an_erased_user_takes_part_nowhere_but_has_completed_what_they_completed(client, teacher, student, admin):
    active = enrol(client, make_course(client, teacher), student)
    completed = enrol(client, make_course(client, teacher), student, "completed")
    admin.delete(f"/api/users/{student.id}/")
    client.run_jobs()
    assert (status_of(client, active), status_of(client, completed)) == ("dropped", "completed")
    with client.script() as request:
        assert request.db.get(User, student.user_id).erased_at is not None
