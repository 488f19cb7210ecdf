"""``/courses/{course_id}/enrollments/me/``"""

import pytest

from courseplatform.testing import counted_statements
from plugins.courses.models import Course
from plugins.enrollments.api import StudentEnrolled, enrol, is_enrolled
from plugins.enrollments.models import Enrollment
from tests.factories import enrollments
from tests.factories.accounts import make_user
from tests.factories.courses import add_co_teacher, id_of, make_course

MISSING = "/api/courses/00000000-0000-7000-8000-000000000000/"
WIRE_NAMES = {"id", "course_id", "student_id", "status", "enrolled_at", "completed_at", "progress_percent"}


def joined(heard):
    return [event for event in heard if isinstance(event, StudentEnrolled)]


def test_enrolling_answers_201_with_the_enrollment_and_its_address(client, teacher, student):
    me = make_course(client, teacher) + "enrollments/me/"
    answer = student.put(me, status=201)
    assert answer.headers["Location"].endswith(me)
    assert set(answer.json) == WIRE_NAMES
    assert answer.json["student_id"] == student.id
    assert (answer.json["status"], answer.json["progress_percent"]) == ("active", 0)
    assert student.get(me).json == answer.json


def test_enrolling_again_answers_200_with_the_same_and_tells_nobody(client, teacher, student, heard):
    me = make_course(client, teacher) + "enrollments/me/"
    first = student.put(me, status=201).json
    assert student.put(me, status=200).json == first
    assert [(event.student_id, event.by_user_id) for event in joined(heard)] == [(student.user_id, student.user_id)]
    assert joined(heard)[0].course_title == "Algebra"


def test_who_has_completed_a_course_stays_so_when_enrolling_again(client, teacher, student):
    course = make_course(client, teacher)
    enrollments.enrol(client, course, student, "completed")
    assert student.put(course + "enrollments/me/").json["status"] == "completed"


def test_who_dropped_comes_back_to_the_same_enrollment(client, teacher, student, heard):
    me = make_course(client, teacher) + "enrollments/me/"
    first = student.put(me, status=201).json
    student.delete(me)
    assert student.get(me).json["status"] == "dropped"
    assert student.put(me, status=200).json == first
    assert len(joined(heard)) == 2


def test_dropping_and_coming_back_does_not_undo_a_completion(client, teacher, student):
    course = make_course(client, teacher)
    enrollments.enrol(client, course, student, "completed")
    student.delete(course + "enrollments/me/")
    assert student.put(course + "enrollments/me/").json["status"] == "completed"


def test_who_was_removed_does_not_come_back_alone(client, teacher, student):
    course = make_course(client, teacher)
    enrollments.enrol(client, course, student, "removed")
    assert student.put(course + "enrollments/me/", status=409).json["code"] == "enrollment_removed"


def test_leaving_does_not_turn_removed_into_dropped(client, teacher, student):
    course = make_course(client, teacher)
    enrollments.enrol(client, course, student, "removed")
    student.delete(course + "enrollments/me/")
    assert student.get(course + "enrollments/me/").json["status"] == "removed"


def test_leaving_is_idempotent(client, teacher, student):
    course = make_course(client, teacher)
    enrollments.enrol(client, course, student)
    student.delete(course + "enrollments/me/")
    student.delete(course + "enrollments/me/")


def test_who_never_enrolled_has_nothing_to_read_or_leave(client, teacher, student):
    me = make_course(client, teacher) + "enrollments/me/"
    assert student.get(me, status=404).json["code"] == "not_found"
    assert student.delete(me, status=404).json["code"] == "not_found"


def test_nobody_enrols_in_an_archived_course(client, teacher, student):
    course = make_course(client, teacher, "archived")
    enrollments.enrol(client, course, student, "dropped")
    assert student.put(course + "enrollments/me/", status=409).json["code"] == "course_archived"


def test_an_archived_course_does_not_exist_for_who_never_took_part(client, teacher, student):
    student.put(make_course(client, teacher, "archived") + "enrollments/me/", status=404)


def test_a_draft_is_indistinguishable_from_a_missing_course(client, teacher, student):
    draft = student.put(make_course(client, teacher, "draft") + "enrollments/me/", status=404).json
    missing = student.put(MISSING + "enrollments/me/", status=404).json
    assert {**draft, "instance": ""} == {**missing, "instance": ""}


def test_the_owner_does_not_enrol(client, teacher):
    assert teacher.put(make_course(client, teacher) + "enrollments/me/", status=409).json["code"] == "is_staff"


def test_a_co_teacher_does_not_enrol(client, teacher):
    course, other = make_course(client, teacher), make_user(client, "teacher")
    add_co_teacher(client, course, other)
    assert other.put(course + "enrollments/me/", status=409).json["code"] == "is_staff"


def test_staff_do_not_enrol_while_their_role_is_another(client, teacher, admin):
    course, other = make_course(client, teacher), make_user(client, "teacher")
    add_co_teacher(client, course, other)
    for actor in (other, teacher):
        admin.patch(f"/api/users/{actor.id}/", {"role": "student"})
        assert actor.put(course + "enrollments/me/", status=409).json["code"] == "is_staff"


@pytest.mark.parametrize("role", ["student", "teacher", "admin"])
def test_everyone_else_who_is_signed_in_enrols(client, teacher, role):
    make_user(client, role).put(make_course(client, teacher) + "enrollments/me/", status=201)


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_an_anonymous_caller_has_no_enrollment(client, teacher, method):
    getattr(client, method)(make_course(client, teacher) + "enrollments/me/", status=401)


def test_an_unread_answer_is_304_until_progress_or_status_changes(client, teacher, student):
    course = make_course(client, teacher)
    enrollments.enrol(client, course, student)
    me = course + "enrollments/me/"
    tag = student.get(me).headers["ETag"]
    student.get(me, status=304, headers={"If-None-Match": tag})
    student.get(me + "?expand=student", status=200, headers={"If-None-Match": tag})
    student.delete(me, status=412, headers={"If-Match": '"stale"'})
    student.put(me, status=412, headers={"If-Match": '"stale"'})
    student.put(me, headers={"If-Match": tag})
    student.delete(me, headers={"If-Match": tag})
    assert student.get(me, headers={"If-None-Match": tag}).json["status"] == "dropped"


def test_a_condition_on_an_enrollment_that_does_not_exist_fails(client, teacher, student):
    student.put(make_course(client, teacher) + "enrollments/me/", status=412, headers={"If-Match": '"any"'})


def test_an_unknown_query_key_is_a_fault(client, teacher, student):
    student.put(make_course(client, teacher) + "enrollments/me/?x=1", status=422)


def test_enrolling_costs_few_statements(client, teacher, student):
    me = make_course(client, teacher) + "enrollments/me/"
    with counted_statements(client.registry) as statements:
        student.put(me, status=201)
    # Those of neighbours that react to the event are not ours to count.
    assert len([s for s in statements if "outbox" not in s and "notification" not in s]) <= 9, statements
    with counted_statements(client.registry) as statements:
        student.get(me)
    assert len(statements) <= 3, statements


def test_the_verb_works_without_http(client, teacher, student):
    course_id = id_of(make_course(client, teacher))
    with client.script() as request:
        course = request.db.get(Course, course_id)
        enrollment, is_new = enrol(request, course=course, student_id=student.user_id, by_user_id=student.user_id)
        assert is_new and isinstance(enrollment, Enrollment)
        assert is_enrolled(request, course.id, student.user_id)
        assert not is_enrolled(request, course.id, teacher.user_id)
