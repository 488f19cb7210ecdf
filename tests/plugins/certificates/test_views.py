"""Reading, changing, revoking and verifying certificates."""

from uuid import uuid4

import pytest
from sqlalchemy import delete

from courseplatform.testing import counted_statements
from plugins.accounts.models import User
from plugins.courses.models import Course
from tests.factories.accounts import make_user
from tests.factories.certificates import make_certificate
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson

URL = "/api/users/certificates/"
ANY = {"If-Match": "*"}


def ids(answer):
    return {row["id"] for row in answer.json["results"]}


@pytest.fixture
def certificate(client, course, enrolled):
    return make_certificate(client, course, enrolled)


def revoke(actor, certificate, status=200, headers=ANY):
    return actor.put(f"{certificate}revocation/", {"reason": "Copied work"}, status=status, headers=headers)


# Who may


def test_the_student_the_staff_and_administrators_read_it(client, certificate, course, enrolled, teacher, admin):
    co_teacher = make_user(client, "teacher")
    add_co_teacher(client, course, co_teacher)
    for actor in (enrolled, teacher, co_teacher, admin):
        assert actor.get(certificate).json["id"] == id_of(certificate)


def test_to_others_a_certificate_is_missing(client, certificate, course):
    elsewhere, classmate = make_user(client, "teacher"), make_user(client)
    make_course(client, elsewhere)
    enrol(client, course, classmate)
    client.get(certificate, status=401)
    for actor in (elsewhere, classmate, make_user(client)):
        actor.get(certificate, status=404)
        actor.get(f"{URL}{uuid4()}/", status=404)


def test_others_and_the_student_may_not_write_it(client, certificate, course, enrolled):
    elsewhere, classmate = make_user(client, "teacher"), make_user(client)
    make_course(client, elsewhere)
    enrol(client, course, classmate)
    for actor, status in [(client, 401), *((a, 403) for a in (elsewhere, classmate, enrolled, make_user(client)))]:
        actor.put(certificate, {"status": "not_issued"}, status=status)
        actor.patch(certificate, {"status": "not_issued"}, status=status)
        actor.delete(certificate, status=status)
        revoke(actor, certificate, status=status)
        actor.delete(f"{certificate}revocation/", status=status)
    assert enrolled.get(certificate).json["status"] == "issued"


def test_nobody_writes_the_own_one(client, course, admin, teacher):
    for actor in (admin, teacher):
        own = make_certificate(client, course, actor, "revoked")
        actor.get(own)
        actor.put(own, {"status": "issued"}, status=403)
        actor.delete(f"{own}revocation/", status=403)
        actor.delete(own, status=403)


def test_staff_co_teachers_and_administrators_write_it(client, certificate, course, teacher, admin):
    co_teacher = make_user(client, "teacher")
    add_co_teacher(client, course, co_teacher)
    for actor in (teacher, co_teacher, admin):
        revoke(actor, certificate)
        actor.delete(f"{certificate}revocation/", status=200)


def test_a_former_teacher_has_no_say_any_more(client, certificate, teacher):
    with client.script() as request:
        request.db.get(User, teacher.user_id).role = "student"
    teacher.get(certificate, status=404)
    teacher.delete(certificate, status=403)


def test_the_list_shows_own_ones_and_those_of_taught_courses(client, course, enrolled, teacher, admin):
    co_teacher, elsewhere = make_user(client, "teacher"), make_user(client, "teacher")
    add_co_teacher(client, course, co_teacher)
    other_course = make_course(client, elsewhere)
    here = id_of(make_certificate(client, course, enrolled))
    also_here = id_of(make_certificate(client, course, make_user(client)))
    there = id_of(make_certificate(client, other_course, enrolled))
    of_teacher = id_of(make_certificate(client, other_course, teacher))
    client.get(URL, status=401)
    assert ids(make_user(client).get(URL)) == set()
    assert ids(enrolled.get(URL)) == {here, there}
    assert ids(teacher.get(URL)) == {here, also_here, of_teacher}
    assert ids(co_teacher.get(URL)) == {here, also_here}
    assert ids(elsewhere.get(URL)) == {there, of_teacher}
    assert ids(admin.get(URL)) == {here, also_here, there, of_teacher}


def test_the_list_is_filtered_and_paged(client, course, enrolled, teacher, admin):
    other_course = make_course(client, teacher)
    here = id_of(make_certificate(client, course, enrolled))
    there = id_of(make_certificate(client, other_course, enrolled, "revoked"))
    others = id_of(make_certificate(client, course, make_user(client)))
    assert ids(teacher.get(f"{URL}?course_id={id_of(course)}")) == {here, others}
    assert ids(teacher.get(f"{URL}?student_id={enrolled.id}")) == {here, there}
    assert ids(teacher.get(f"{URL}?status=revoked")) == {there}
    assert ids(enrolled.get(f"{URL}?student_id={teacher.id}")) == set()
    for fault in ("status=valid", "course_id=7", "code=1"):
        teacher.get(f"{URL}?{fault}", status=422)
    first = admin.get(f"{URL}?limit=2").json
    assert [row["id"] for row in first["results"]] == [others, there]
    assert ids(admin.get(first["next"])) == {here}


def test_reading_costs_few_statements(client, certificate, teacher):
    for path, most in ((certificate, 2), (URL, 2)):
        with counted_statements(client.registry) as statements:
            teacher.get(path)
        assert len(statements) <= most, statements


# Revocation


def test_revoking_keeps_it_and_says_why(client, certificate, teacher):
    etag = teacher.get(certificate).headers["ETag"]
    answer = revoke(teacher, certificate, headers={"If-Match": etag})
    assert (answer.json["status"], answer.json["revoked_reason"]) == ("revoked", "Copied work")
    assert answer.json["revoked_at"] is not None
    assert answer.headers["ETag"] != etag
    assert teacher.get(certificate).json == answer.json


def test_revoking_needs_a_fresh_if_match(client, certificate, teacher):
    assert revoke(teacher, certificate, status=428, headers={}).json["code"] == "precondition_required"
    assert revoke(teacher, certificate, status=412, headers={"If-Match": '"old"'}).json["code"] == "precondition_failed"


def test_revoking_needs_a_reason(certificate, teacher):
    for body in ({}, {"reason": " "}, {"reason": None}, {"reason": "x" * 1001}, {"reason": "x", "status": "revoked"}):
        teacher.put(f"{certificate}revocation/", body, status=422, headers=ANY)


def test_revoking_twice_is_a_conflict(client, certificate, teacher):
    revoke(teacher, certificate)
    refused = revoke(teacher, certificate, status=409).json
    assert (refused["code"], refused["revoked_at"]) == ("already_revoked", teacher.get(certificate).json["revoked_at"])


def test_what_is_not_issued_cannot_be_revoked(client, course, student, teacher):
    address = make_certificate(client, course, student, "not_issued")
    assert revoke(teacher, address, status=409).json["code"] == "certificate_not_issued"


def test_lifting_the_revocation_makes_it_valid_again(client, certificate, teacher):
    before = teacher.get(certificate).json
    revoke(teacher, certificate)
    answer = teacher.delete(f"{certificate}revocation/", status=200)
    assert answer.json == before
    assert answer.headers["ETag"] == teacher.get(certificate).headers["ETag"]
    again = teacher.delete(f"{certificate}revocation/", status=409)
    assert (again.json["code"], again.json["certificate_status"]) == ("not_revoked", "issued")


# PUT, PATCH, DELETE


def test_a_changed_status_is_the_matching_verb(client, certificate, teacher):
    assert teacher.put(certificate, {"status": "revoked"}, headers=ANY).json["status"] == "revoked"
    lifted = teacher.patch(certificate, {"status": "issued"}).json
    assert (lifted["status"], lifted["revoked_at"]) == ("issued", None)
    withdrawn = teacher.put(certificate, {"status": "not_issued"}).json
    assert (withdrawn["status"], withdrawn["issued_at"]) == ("not_issued", None)


def test_the_same_status_changes_nothing(client, certificate, teacher):
    before = teacher.get(certificate)
    for answer in (teacher.put(certificate, {"status": "issued"}), teacher.patch(certificate, {})):
        assert answer.json == before.json
        assert answer.headers["ETag"] == before.headers["ETag"]


def test_moving_to_revoked_needs_if_match(certificate, teacher):
    teacher.put(certificate, {"status": "revoked"}, status=428)
    teacher.patch(certificate, {"status": "revoked"}, status=428)
    teacher.patch(certificate, {"status": "revoked"}, status=412, headers={"If-Match": '"old"'})


def test_a_withdrawn_one_is_not_revoked(client, course, student, teacher):
    address = make_certificate(client, course, student, "not_issued")
    answer = teacher.put(address, {"status": "revoked"}, status=409, headers=ANY)
    assert answer.json["code"] == "certificate_not_issued"


def test_issuing_a_withdrawn_one_asks_the_requirements_again(client, course, enrolled, graduate, student, teacher):
    unfinished = make_certificate(client, course, enrolled, "not_issued")
    answer = teacher.put(unfinished, {"status": "issued"}, status=409)
    assert answer.json["code"] == "requirements_not_met"
    overridden = make_certificate(client, course, make_user(client), "not_issued", override_reason="Oral exam")
    assert teacher.put(overridden, {"status": "issued"}, status=409).json["code"] == "not_enrolled"
    finished = make_certificate(client, course, graduate, "not_issued")
    issued = teacher.put(finished, {"status": "issued"})
    assert (issued.json["status"], issued.json["course_title"]) == ("issued", "Algebra I")
    assert issued.headers["ETag"] == teacher.get(finished).headers["ETag"]


def test_what_was_issued_by_override_can_be_issued_again(client, course, enrolled, teacher):
    address = make_certificate(client, course, enrolled, override_reason="Oral exam")
    teacher.put(address, {"status": "not_issued"})
    teacher.put(address, {"status": "issued"})


def test_student_and_course_cannot_be_changed(client, certificate, course, enrolled, teacher):
    same = {"student_id": enrolled.id, "course_id": id_of(course)}
    teacher.put(certificate, {**same, "status": "issued"})
    answer = teacher.put(certificate, {"student_id": teacher.id, "course_id": str(uuid4()), "status": "issued"}, 422)
    assert [error["name"] for error in answer.json["errors"]] == ["student_id", "course_id"]
    teacher.patch(certificate, {"course_id": None}, status=422)


@pytest.mark.parametrize(
    "body", [{}, {"status": "valid"}, {"status": None}, {"status": "issued", "issued_at": "2020-01-01T00:00:00Z"}]
)
def test_a_faulty_put_is_refused(certificate, teacher, body):
    teacher.put(certificate, body, status=422)


def test_a_stale_write_is_refused(client, certificate, teacher):
    stale = {"If-Match": teacher.get(certificate).headers["ETag"]}
    revoke(teacher, certificate)
    teacher.put(certificate, {"status": "issued"}, status=412, headers=stale)
    teacher.delete(f"{certificate}revocation/", status=412, headers=stale)
    teacher.delete(certificate, status=412, headers=stale)


def test_a_deleted_one_is_gone(client, certificate, teacher):
    code = teacher.get(certificate).json["verification_code"]
    teacher.delete(certificate)
    teacher.get(certificate, status=404)
    client.get(f"/api/certificates/{code}/", status=404)


# Public verification


def test_anyone_verifies_by_code(client, certificate, teacher, student):
    body = teacher.get(certificate).json
    shown = client.get(f"/api/certificates/{body['verification_code']}/")
    client.get(shown.request.path, status=304, headers={"If-None-Match": shown.headers["ETag"]})
    answer = shown.json
    assert answer == {
        "verification_code": body["verification_code"],
        "status": "issued",
        "is_valid": True,
        "student_name": "Ada Lovelace",
        "course_title": "Algebra",
        "teacher_name": "Emmy Noether",
        "issued_at": body["issued_at"],
        "revoked_at": None,
    }
    for actor in (student, teacher, make_user(client)):
        assert actor.get(f"/api/certificates/{body['verification_code'].lower()}/").json == answer


def test_a_revoked_one_says_so(client, certificate, teacher):
    code = revoke(teacher, certificate).json["verification_code"]
    answer = client.get(f"/api/certificates/{code}/").json
    assert (answer["status"], answer["is_valid"]) == ("revoked", False)
    assert answer["revoked_at"] is not None
    assert "revoked_reason" not in answer


def test_what_was_never_issued_is_unknown(client, course, student, teacher):
    withdrawn = make_certificate(client, course, student, "not_issued")
    code = teacher.get(withdrawn).json["verification_code"]
    for unknown in (code, "AAAA-BBBB-CCCC-DDDD-EEEE", "x", "%D0%9A", str(uuid4())):
        assert client.get(f"/api/certificates/{unknown}/", status=404).json["code"] == "not_found"


# What outlives what


def test_a_course_with_certificates_is_not_deleted_without_force(client, certificate, course, admin):
    answer = admin.delete(course, status=409)
    assert answer.json["dependents"]["certificates"] == 1


def test_a_certificate_survives_its_course(client, certificate, course, enrolled, teacher, admin):
    code = enrolled.get(certificate).json["verification_code"]
    admin.delete(f"{course}?force=true")
    for actor in (enrolled, admin):
        body = actor.get(certificate).json
        assert (body["course_id"], body["course_title"], body["status"]) == (None, "Algebra", "issued")
    assert client.get(f"/api/certificates/{code}/").json["is_valid"]
    teacher.get(certificate, status=404)
    assert ids(teacher.get(URL)) == set()
    admin.put(certificate, {"status": "issued", "course_id": None})
    admin.put(certificate, {"status": "not_issued"})
    answer = admin.put(certificate, {"status": "issued"}, status=422)
    assert [error["name"] for error in answer.json["errors"]] == ["status"]


def test_two_certificates_of_one_student_survive_their_courses(client, enrolled, teacher, admin):
    made = []
    for _ in range(2):
        course = make_course(client, teacher)
        made.append(id_of(make_certificate(client, course, enrolled)))
        with client.script() as request:
            request.db.execute(delete(Course).where(Course.id == id_of(course)))
    assert ids(enrolled.get(URL)) == set(made)


def test_an_erased_students_certificate_stays_without_the_name(client, certificate, enrolled, teacher):
    code = teacher.get(certificate).json["verification_code"]
    enrolled.delete("/api/users/me/")
    client.run_jobs()
    assert teacher.get(certificate).json["student_name"] == "Erased user"
    answer = client.get(f"/api/certificates/{code}/").json
    assert (answer["student_name"], answer["is_valid"]) == ("Erased user", True)


def test_an_erased_student_gets_no_certificate(client, course, graduate, teacher):
    graduate.delete("/api/users/me/")
    body = {"student_id": graduate.id, "course_id": id_of(course)}
    answer = teacher.post(URL, body, status=422)
    assert [error["name"] for error in answer.json["errors"]] == ["student_id"]


def test_the_graduate_keeps_the_certificate_after_more_lessons_come(client, course, graduate, teacher):
    body = {"student_id": graduate.id, "course_id": id_of(course)}
    issued = teacher.post(URL, body).json
    make_lesson(client, course)
    assert teacher.post(URL, body, status=200).json == issued
