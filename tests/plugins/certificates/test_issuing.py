"""``POST /api/users/certificates/``"""

import re
from uuid import uuid4

import pytest

from courseplatform.testing import counted_statements
from plugins.accounts.models import User
from plugins.certificates.models import Certificate
from plugins.courses.models import Course
from tests.factories.accounts import make_user
from tests.factories.certificates import finish_lessons, make_certificate
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.enrollments import enrol

URL = "/api/users/certificates/"


def wanted(course, student, **fields):
    return {"student_id": student.id, "course_id": id_of(course), **fields}


def test_staff_issue_to_who_has_done_all(client, course, graduate, teacher):
    answer = teacher.post(URL, wanted(course, graduate))
    body = answer.json
    assert set(body) == {
        "id", "student_id", "course_id", "status", "issued_at", "verification_code",
        "student_name", "course_title", "teacher_name", "revoked_at", "revoked_reason",
    }  # fmt: skip
    assert (body["status"], body["student_id"], body["course_id"]) == ("issued", graduate.id, id_of(course))
    assert body["issued_at"].endswith("Z")
    assert body["course_title"] == "Algebra I"
    assert body["student_name"].endswith(" Example") and body["student_name"] != body["teacher_name"]
    assert re.fullmatch(r"([2-9A-HJ-NP-Z]{4}-){4}[2-9A-HJ-NP-Z]{4}", body["verification_code"])
    assert answer.headers["Location"].endswith(f"{URL}{body['id']}/")
    assert answer.headers["ETag"] == teacher.get(answer.headers["Location"]).headers["ETag"]


def test_co_teachers_and_administrators_issue_too(client, course, admin):
    co_teacher = make_user(client, "teacher")
    add_co_teacher(client, course, co_teacher)
    for actor in (co_teacher, admin):
        student = make_user(client)
        enrol(client, course, student)
        finish_lessons(client, course, student)
        actor.post(URL, wanted(course, student))


@pytest.mark.parametrize("status", ["dropped", "removed", "completed"])
def test_who_once_was_enrolled_can_get_one(client, course, student, teacher, status):
    enrol(client, course, student, status=status)
    teacher.post(URL, wanted(course, student, override_reason="Passed the oral exam"))


def test_who_never_was_enrolled_gets_none(course, student, teacher):
    answer = teacher.post(URL, wanted(course, student, override_reason="Nice person"), status=409)
    assert answer.json["code"] == "not_enrolled"


def test_unmet_requirements_need_a_reason_to_override_them(client, course, enrolled, teacher):
    answer = teacher.post(URL, wanted(course, enrolled), status=409)
    assert (answer.json["code"], answer.json["percent"]) == ("requirements_not_met", 0)
    teacher.post(URL, wanted(course, enrolled, override_reason="  "), status=409)
    issued = teacher.post(URL, wanted(course, enrolled, override_reason="Passed the oral exam")).json
    with client.script() as request:
        row = request.db.get(Certificate, issued["id"])
        assert (row.override_reason, str(row.issued_by_id)) == ("Passed the oral exam", teacher.id)


def test_an_active_one_is_given_back(course, graduate, teacher, admin):
    first = teacher.post(URL, wanted(course, graduate)).json
    again = admin.post(URL, wanted(course, graduate, override_reason="Once more"), status=200)
    assert again.json == first
    assert again.headers["ETag"]


def test_a_revoked_one_is_a_conflict(client, course, graduate, teacher):
    make_certificate(client, course, graduate, "revoked")
    refused = teacher.post(URL, wanted(course, graduate), status=409).json
    assert refused["code"] == "certificate_revoked" and "revoked_at" in refused


def test_a_withdrawn_one_becomes_issued_anew(client, course, graduate, teacher):
    address = make_certificate(client, course, graduate, "not_issued")
    issued = teacher.post(URL, wanted(course, graduate)).json
    assert teacher.post(URL, wanted(course, graduate), status=200).json == issued
    assert issued["id"] == id_of(address)
    assert (issued["status"], issued["course_title"]) == ("issued", "Algebra I")


def test_a_withdrawn_one_is_not_issued_to_who_has_not_done_all(client, course, enrolled, teacher):
    address = make_certificate(client, course, enrolled, "not_issued")
    teacher.post(URL, wanted(course, enrolled), status=409)
    assert teacher.get(address).json["status"] == "not_issued"


def test_who_may_not_issue(client, course, enrolled, graduate, student):
    elsewhere, stranger = make_user(client, "teacher"), make_user(client)
    make_course(client, elsewhere)
    client.post(URL, wanted(course, graduate), status=401)
    for actor in (stranger, enrolled, graduate, elsewhere):
        assert actor.post(URL, wanted(course, graduate), status=403).json["code"] == "forbidden"


def test_nobody_issues_to_themselves(client, course, admin, teacher):
    for actor in (admin, teacher):
        enrol(client, course, actor)
        finish_lessons(client, course, actor)
        assert actor.post(URL, wanted(course, actor), status=403).json["code"] == "own_certificate"


def test_a_teacher_learns_nothing_of_courses_elsewhere(client, graduate, admin):
    elsewhere = make_user(client, "teacher")
    draft = make_course(client, admin, status="draft")
    for course in (draft, f"/api/courses/{uuid4()}/"):
        elsewhere.post(URL, wanted(course, graduate), status=403)


def test_an_unknown_student_or_course_is_a_fault_of_that_field(course, graduate, admin, teacher):
    unknown = str(uuid4())
    for actor, body, names in [
        (admin, {"student_id": graduate.id, "course_id": unknown}, ["course_id"]),
        (admin, {"student_id": unknown, "course_id": unknown}, ["student_id", "course_id"]),
        (teacher, {"student_id": unknown, "course_id": id_of(course)}, ["student_id"]),
    ]:
        assert [error["name"] for error in actor.post(URL, body, status=422).json["errors"]] == names


@pytest.mark.parametrize(
    "extra",
    [
        {"status": "issued"},
        {"verification_code": "AAAA"},
        {"issued_at": "2020-01-01T00:00:00Z"},
        {"student_id": "7"},
        {"course_id": None},
        {"override_reason": 1},
        {"override_reason": "x" * 1001},
    ],
)
def test_a_faulty_body_is_refused(course, graduate, teacher, extra):
    teacher.post(URL, wanted(course, graduate, **extra), status=422)


def test_what_it_says_is_a_snapshot(client, course, graduate, teacher):
    issued = teacher.post(URL, wanted(course, graduate)).json
    with client.script() as request:
        request.db.get(Course, id_of(course)).title = "Algebra II"
        request.db.get(User, graduate.user_id).last_name = "Changed"
        request.db.get(User, teacher.user_id).last_name = "Changed"
    assert graduate.get(f"{URL}{issued['id']}/").json == issued


def test_issuing_costs_few_statements(client, course, graduate, teacher):
    with counted_statements(client.registry) as statements:
        teacher.post(URL, wanted(course, graduate))
    assert len([s for s in statements if not s.startswith("INSERT")]) <= 8, statements
