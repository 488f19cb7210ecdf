"""A course goes while others write beneath it: each is answered in order, and nobody in a circle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from courseplatform.testing import Client, counted_statements
from plugins.courses.models import Course
from plugins.enrollments.models import Enrollment
from plugins.submissions.models import Submission
from tests.factories.accounts import make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission
from tests.races import at_once

ROUNDS, STUDENTS = 6, 4


@pytest.mark.parametrize("query", ["", "?force=true"])
def test_a_deletion_amid_writers_ends_well_for_all(committing_client: Client, query: str) -> None:
    client = committing_client
    admin, teacher = make_user(client, "admin"), make_user(client, "teacher")
    students = [make_user(client) for _ in range(STUDENTS)]
    for _ in range(ROUNDS):
        course = make_course(client, teacher)
        lesson = make_lesson(client, course)
        assignment = make_assignment(client, lesson)
        calls: list[Callable[[], Any]] = []
        for number, student in enumerate(students):
            enrol(client, course, student)
            if number % 2:
                work = make_submission(client, assignment, student)
                headers = {"If-Match": "*"}
                calls.append(lambda w=work, h=headers: teacher.put(f"{w}grade/", {"grade": 100}, None, headers=h))
            calls += [
                lambda s=student, a=assignment: s.post(f"{a}submissions/", {"text": "New work"}, None),
                lambda s=student, c=course: s.post(f"{c}reviews/", {"rating": 5}, None),
                lambda s=student, p=lesson: s.put(f"{p}completion/", status=None),
            ]
        middle = len(calls) // 2
        calls.insert(middle, lambda c=course: admin.delete(f"{c}{query}", status=None))
        statuses = [answer.status_int for answer in at_once(*calls)]
        assert max(statuses) < 500, statuses
        assert statuses[middle] == (204 if query else 409), statuses
        if query:
            assert set(statuses) <= {200, 201, 204, 404, 409}
            client.run_jobs()
            with client.script() as request:
                for model in (Course, Enrollment, Submission):
                    assert request.db.scalar(select(func.count()).select_from(model)) == 0


def test_an_empty_course_goes_or_its_first_student_comes_first(committing_client: Client) -> None:
    client = committing_client
    teacher, student = make_user(client, "teacher"), make_user(client)
    for _ in range(ROUNDS):
        course = make_course(client, teacher)
        answers = at_once(
            lambda c=course: teacher.delete(c, status=None),
            lambda c=course: student.put(f"{c}enrollments/me/", status=None),
            lambda c=course: teacher.post(f"{c}lessons/", {"title": "One"}, None),
        )
        statuses = [answer.status_int for answer in answers]
        assert statuses[:2] in ([204, 404], [409, 201]), statuses
        assert statuses[2] in (201, 404)


def test_a_write_beneath_a_course_that_is_being_deleted_waits_and_finds_nothing(committing_client: Client) -> None:
    client = committing_client
    teacher, student = make_user(client, "teacher"), make_user(client)
    course = make_course(client, teacher)
    assignment = make_assignment(client, make_lesson(client, course))
    enrol(client, course, student)
    with ThreadPoolExecutor(1) as thread, client.script() as request:
        request.db.execute(select(Course.id).where(Course.id == id_of(course)).with_for_update())
        submitting = thread.submit(student.post, f"{assignment}submissions/", {"text": "Work"}, None)
        with pytest.raises(TimeoutError):
            submitting.result(timeout=0.3)
        request.db.execute(Enrollment.__table__.delete())
        request.db.execute(Course.__table__.delete())
        request.tm.commit()
        request.tm.begin()
        assert submitting.result().status_int == 404


def test_a_review_takes_the_course_before_it_is_inserted(client: Client) -> None:
    student, course = make_user(client), make_course(client, make_user(client, "teacher"))
    enrol(client, course, student)
    with counted_statements(client.registry) as statements:
        student.post(f"{course}reviews/", {"rating": 5})
    locked = next(n for n, s in enumerate(statements) if s.endswith("FOR NO KEY UPDATE"))
    inserted = next(n for n, s in enumerate(statements) if s.startswith("INSERT INTO reviews"))
    assert locked < inserted
