"""One certificate per student and course, whoever asks at once."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select

from plugins.certificates.jobs import issue_earned_certificate
from plugins.certificates.models import Certificate
from plugins.courses.models import Course
from plugins.enrollments.models import Enrollment
from tests.factories.accounts import make_user
from tests.factories.certificates import finish_lessons, make_certificate
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.races import at_once, statuses_at_once

URL = "/api/users/certificates/"


@pytest.fixture
def world(committing_client):
    """(client, teacher, course, graduate), committed."""
    client = committing_client
    teacher, student = make_user(client, "teacher"), make_user(client)
    course = make_course(client, teacher)
    make_lesson(client, course)
    enrol(client, course, student)
    finish_lessons(client, course, student)
    return client, teacher, course, student


def test_a_withdrawn_one_is_issued_once(world):
    client, teacher, course, student = world
    make_certificate(client, course, student, "not_issued")
    body = {"student_id": student.id, "course_id": id_of(course)}
    answers = at_once(*[lambda: teacher.post(URL, body, status=None)] * 8)
    assert sorted(answer.status_int for answer in answers) == [200] * 7 + [201]
    assert len({answer.json["issued_at"] for answer in answers}) == 1


def test_the_rule_and_the_staff_at_once_make_one(world):
    client, teacher, course, student = world
    body = {"student_id": student.id, "course_id": id_of(course)}

    def rule():
        with client.script() as request:
            issue_earned_certificate(request, course_id=UUID(id_of(course)), student_id=student.user_id)

    at_once(*[rule, lambda: teacher.post(URL, body, status=None)] * 5)
    with client.script() as request:
        assert request.db.scalar(select(func.count()).select_from(Certificate)) == 1


def test_of_many_revocations_at_once_one_counts(world):
    client, teacher, course, student = world
    address = make_certificate(client, course, student)
    headers = {"If-Match": teacher.get(address).headers["ETag"]}
    call = lambda: teacher.put(f"{address}revocation/", {"reason": "x"}, status=None, headers=headers)  # noqa: E731
    assert statuses_at_once(*[call] * 8) == {200: 1, 412: 7}


def test_a_course_that_goes_at_the_same_time_is_unknown(world):
    client, teacher, course, student = world
    admin = make_user(client, "admin")
    body = {"student_id": student.id, "course_id": id_of(course)}
    for _ in range(4):
        course = make_course(client, teacher)
        make_lesson(client, course)
        enrol(client, course, student)
        finish_lessons(client, course, student)
        body["course_id"] = id_of(course)
        answers = at_once(
            *[lambda b=dict(body): admin.post(URL, b, status=None)] * 3,
            lambda c=course: admin.delete(f"{c}?force=true", status=None),
        )
        assert answers[-1].status_int == 204
        assert {answer.status_int for answer in answers[:-1]} <= {200, 201, 422}


def test_issuing_holds_the_course(world):
    client, _, course, student = world
    admin = make_user(client, "admin")
    body = {"student_id": student.id, "course_id": id_of(course)}
    with ThreadPoolExecutor(1) as thread, client.registry["db.engine"].connect() as connection:
        connection.execute(delete(Enrollment))
        connection.execute(delete(Course))
        issuing = thread.submit(admin.post, URL, body, None)
        with pytest.raises(TimeoutError):
            issuing.result(timeout=0.3)
        connection.commit()
        answer = issuing.result()
    assert answer.status_int == 422
    assert [fault["name"] for fault in answer.json["errors"]] == ["course_id"]


def test_an_erasure_at_the_same_time_leaves_no_name(world):
    _, teacher, course, student = world
    body = {"student_id": student.id, "course_id": id_of(course)}
    at_once(*[lambda: teacher.post(URL, body, status=None)] * 4, lambda: student.delete("/api/users/me/", status=None))
    teacher.run_jobs()
    names = [row["student_name"] for row in teacher.get(URL).json["results"]]
    assert names in ([], ["Erased user"])
