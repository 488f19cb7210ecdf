"""What many do at once, with real commits."""

import sqlalchemy as sa

from plugins.accounts.models import User
from plugins.courses.models import CourseTeacher
from plugins.enrollments.models import Enrollment
from tests.factories.accounts import make_user
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.races import statuses_at_once


def test_staff_and_student_enrolling_the_same_at_once_enrol_once(committing_client):
    client = committing_client
    teacher, student = make_user(client, "teacher"), make_user(client)
    course = make_course(client, teacher)
    body = {"student_id": student.id}
    statuses = statuses_at_once(
        *[lambda: student.put(course + "enrollments/me/", status=None)] * 8,
        *[lambda: teacher.post(course + "enrollments/", body, status=None)] * 8,
    )
    assert statuses == {200: 15, 201: 1}


def test_one_dropped_student_coming_back_many_times_at_once_comes_back(committing_client):
    client = committing_client
    teacher, student = make_user(client, "teacher"), make_user(client)
    course = make_course(client, teacher)
    enrol(client, course, student, "dropped")
    assert statuses_at_once(*[lambda: student.put(course + "enrollments/me/", status=None)] * 16) == {200: 16}


def test_nobody_becomes_student_and_teacher_of_a_course_at_once(committing_client):
    client = committing_client
    owner = make_user(client, "teacher")
    for _ in range(8):
        course, other = make_course(client, owner), make_user(client, "teacher")
        body = {"user_id": other.id}
        statuses = statuses_at_once(
            lambda course=course, other=other: other.put(course + "enrollments/me/", status=None),
            lambda course=course, body=body: owner.post(course + "teachers/", body, status=None),
        )
        assert statuses == {201: 1, 409: 1}
    with client.script() as request:
        both = sa.select(User.id).where(
            sa.exists().where(CourseTeacher.user_id == User.id), sa.exists().where(Enrollment.student_id == User.id)
        )
        assert request.db.scalars(both).all() == []


def test_who_finishes_the_last_two_lessons_at_once_completes_the_course(committing_client):
    client = committing_client
    teacher = make_user(client, "teacher")
    for _ in range(8):
        course, student = make_course(client, teacher), make_user(client)
        lessons = [make_lesson(client, course) for _ in range(2)]
        enrol(client, course, student)
        calls = [
            lambda lesson=lesson, student=student: student.put(lesson + "completion/", status=None)
            for lesson in lessons
        ]
        assert statuses_at_once(*calls) == {200: 2}
        assert student.get(course + "enrollments/me/").json["status"] == "completed"


def test_a_course_is_not_deleted_under_those_who_enrol(committing_client):
    client = committing_client
    teacher, students = make_user(client, "teacher"), [make_user(client) for _ in range(7)]
    course = make_course(client, teacher)
    statuses = statuses_at_once(
        lambda: teacher.delete(course, status=None),
        *[lambda student=student: student.put(course + "enrollments/me/", status=None) for student in students],
    )
    assert set(statuses) in ({201, 409}, {201, 204, 404}, {204, 404}), statuses
    with client.script() as request:
        found = request.db.scalars(sa.select(Enrollment.course_id).distinct()).all()
        assert [str(course_id) for course_id in found] in ([id_of(course)], [])
