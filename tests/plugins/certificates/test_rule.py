"""The rule: who has done all that a course requires gets a certificate."""

from uuid import UUID

import pytest
from sqlalchemy import select

from plugins.certificates import operations
from plugins.certificates.api import CertificateIssued, CertificateRevoked, issue_certificate
from plugins.certificates.jobs import issue_earned_certificate
from plugins.certificates.models import Certificate
from plugins.enrollments.api import CourseCompleted
from tests.factories.accounts import make_user
from tests.factories.assignments import make_assignment
from tests.factories.certificates import finish_lessons, make_certificate
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission

URL = "/api/users/certificates/"


def run_rule(client, course, student):
    with client.script() as request:
        issue_earned_certificate(request, course_id=UUID(id_of(course)), student_id=student.user_id)


def statuses(student):
    return [row["status"] for row in student.get(URL).json["results"]]


def test_completing_the_last_lesson_brings_the_certificate(client, teacher, student):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    enrol(client, course, student)
    student.put(f"{lesson}completion/")
    assert statuses(student) == []
    client.run_jobs()
    assert statuses(student) == ["issued"]
    with client.script() as request:
        row = request.db.scalars(select(Certificate)).one()
        assert row.issued_by_id is None


def test_completing_once_more_brings_no_second_one(client, teacher, student):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    enrol(client, course, student)
    student.put(f"{lesson}completion/")
    client.run_jobs()
    student.delete(f"{lesson}completion/", status=None)
    student.put(f"{lesson}completion/")
    client.run_jobs()
    assert statuses(student) == ["issued"]


def test_the_event_enqueues_the_job(client, course, graduate):
    with client.script() as request:
        enrollment_id = course_id = UUID(id_of(course))
        request.emit(CourseCompleted(enrollment_id=enrollment_id, course_id=course_id, student_id=graduate.user_id))
    assert client.run_jobs() >= 1
    assert statuses(graduate) == ["issued"]


def test_a_certificate_is_not_lost_to_a_grade_that_was_wrong_for_a_moment(client, teacher, student):
    course = make_course(client, teacher)
    assignment = make_assignment(client, make_lesson(client, course, is_required=False), pass_points=5)
    enrol(client, course, student)
    work = make_submission(client, assignment, student)

    def grade(points):
        teacher.put(f"{work}grade/", {"grade": points, "reason": "Recount"}, headers={"If-Match": "*"})

    grade(9)
    grade(1)
    client.run_jobs()
    assert statuses(student) == []
    grade(9)
    client.run_jobs()
    assert statuses(student) == ["issued"]


def test_a_certificate_is_not_lost_to_a_lesson_that_is_added_meanwhile(client, teacher, student):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    enrol(client, course, student)
    student.put(f"{lesson}completion/")
    added = make_lesson(client, course)
    client.run_jobs()
    assert statuses(student) == []
    student.put(f"{added}completion/")
    client.run_jobs()
    assert statuses(student) == ["issued"]


def test_a_certificate_is_not_lost_to_a_lesson_that_comes_and_goes(client, teacher, student):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    enrol(client, course, student)
    student.put(f"{lesson}completion/")
    added = make_lesson(client, course)
    client.run_jobs()
    teacher.delete(added)
    client.run_jobs()
    assert statuses(student) == ["issued"]


def test_the_rule_is_safe_to_run_twice(client, course, graduate):
    run_rule(client, course, graduate)
    before = graduate.get(URL).json
    run_rule(client, course, graduate)
    assert graduate.get(URL).json == before


def test_the_rule_reads_the_state_as_it_is(client, course, graduate):
    make_lesson(client, course)
    run_rule(client, course, graduate)
    assert statuses(graduate) == []


def test_nothing_required_is_nothing_earned(client, teacher, student):
    course = make_course(client, teacher)
    enrol(client, course, student)
    run_rule(client, course, student)
    assert statuses(student) == []


@pytest.mark.parametrize("status", ["dropped", "removed"])
def test_who_left_earns_nothing(client, course, student, status):
    enrol(client, course, student, status=status)
    finish_lessons(client, course, student)
    run_rule(client, course, student)
    assert statuses(student) == []


def test_who_never_was_enrolled_earns_nothing(client, course, student):
    finish_lessons(client, course, student)
    run_rule(client, course, student)
    assert statuses(student) == []


@pytest.mark.parametrize("status", ["revoked", "not_issued"])
def test_a_certificate_that_staff_took_back_holds_off_the_rule(client, course, graduate, status):
    make_certificate(client, course, graduate, status)
    run_rule(client, course, graduate)
    assert statuses(graduate) == [status]


def test_the_rule_does_nothing_for_an_erased_student_or_a_deleted_course(client, course, graduate, admin):
    other = make_user(client)
    enrol(client, course, other, status="completed")
    finish_lessons(client, course, other)
    other.delete("/api/users/me/")
    run_rule(client, course, other)
    admin.delete(f"{course}?force=true")
    run_rule(client, course, graduate)
    assert admin.get(URL).json["results"] == []


def test_what_happens_is_told(client, course, graduate, teacher):
    told = []
    with client.script() as request:
        request.registry.registerHandler(told.append, [CertificateIssued])
        request.registry.registerHandler(told.append, [CertificateRevoked])
        try:
            names = {"student_id": graduate.user_id, "course_id": UUID(id_of(course))}
            certificate, is_new = issue_certificate(request, **names, by_user_id=None)
            assert is_new
            assert issue_certificate(request, **names, by_user_id=teacher.user_id) == (certificate, False)
            operations.revoke_certificate(request, certificate, reason="Copied", by_user_id=teacher.user_id)
            operations.lift_revocation(request, certificate, by_user_id=teacher.user_id)
        finally:
            request.registry.unregisterHandler(told.append, [CertificateIssued])
            request.registry.unregisterHandler(told.append, [CertificateRevoked])
    assert [(type(event), event.by_user_id) for event in told] == [
        (CertificateIssued, None),
        (CertificateRevoked, teacher.user_id),
        (CertificateIssued, teacher.user_id),
    ]
    assert {event.certificate_id for event in told} == {certificate.id}
    assert told[0].course_title == "Algebra I"
