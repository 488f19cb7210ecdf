"""Delivery to one user and to all who hold a role."""

from typing import Any
from uuid import uuid4

import pytest

from courseplatform.testing import Client, counted_statements
from plugins.accounts.api import User
from plugins.enrollments.models import Enrollment
from plugins.notifications import jobs
from plugins.notifications.api import deliver
from plugins.notifications.models import Notification
from tests.factories.accounts import make_user

from .conftest import School, inbox, kinds, make_school

SUBJECT = {"subject_type": "course", "subject_id": uuid4(), "subject_url": "/api/x/"}


def to_role(school: School, **fields: Any) -> dict[str, Any]:
    given = {"event_id": uuid4(), "kind": "lesson_published", "course_id": school.course_id, "role": "student"}
    return {**given, "message": "New.", "actor_id": None, **SUBJECT, **fields}


def to_one(recipient_id: Any, **fields: Any) -> dict[str, Any]:
    given = {"event_id": uuid4(), "kind": "graded", "recipient_id": recipient_id, "message": "Graded."}
    return {**given, "actor_id": None, **SUBJECT, **fields}


def run(client: Client, job: Any, arguments: dict[str, Any]) -> None:
    with client.script() as request:
        request.enqueue(job, **arguments)
    client.run_jobs()


def test_a_job_that_runs_twice_tells_once(school: School) -> None:
    student = school.students[0]
    one, role = to_one(student.user_id), to_role(school)
    for _ in range(2):
        run(school.client, jobs.notify, one)
        run(school.client, jobs.notify_role, role)
    assert kinds(student) == ["graded", "lesson_published"]


def test_a_delivery_alone_is_committed(school: School) -> None:
    about = {"event_id": uuid4(), "kind": "graded", "message": "Graded.", "subject": None}
    with school.client.script() as request:
        deliver(request, recipient_ids=[school.owner.user_id], **about)
    assert kinds(school.owner) == ["graded"]


def test_an_inactive_user_is_told_nothing(school: School) -> None:
    student, other = school.students
    with school.client.script() as request:
        request.db.get(User, student.user_id).is_active = False
    run(school.client, jobs.notify, to_one(student.user_id))
    run(school.client, jobs.notify, to_one(uuid4()))
    run(school.client, jobs.notify_role, to_role(school))
    with school.client.script() as request:
        request.db.get(User, student.user_id).is_active = True
    assert kinds(student) == []
    assert kinds(other) == ["lesson_published"]


def test_who_has_left_by_the_time_of_delivery_is_told_nothing(school: School) -> None:
    student = school.students[0]
    with school.client.script() as request:
        request.enqueue(jobs.notify_role, **to_role(school))
        for enrollment in request.db.query(Enrollment).filter_by(student_id=student.user_id):
            enrollment.status = "dropped"
    school.client.run_jobs()
    assert kinds(student) == []
    assert kinds(school.students[1]) == ["lesson_published"]


def test_a_former_teacher_is_told_nothing(school: School) -> None:
    with school.client.script() as request:
        request.db.get(User, school.co_teacher.user_id).role = "student"
    run(school.client, jobs.notify_role, to_role(school, role="teacher"))
    assert kinds(school.co_teacher) == []
    assert kinds(school.owner) == ["lesson_published"]


def test_a_course_that_is_gone_tells_nobody(school: School) -> None:
    run(school.client, jobs.notify_role, to_role(school, course_id=uuid4()))
    assert kinds(school.students[0]) == []


def test_many_are_told_in_chunks(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK_USERS", 2)
    school = make_school(client, student_count=5)
    actor = school.students[2]
    with client.script() as request:
        request.enqueue(jobs.notify_role, **to_role(school, actor_id=actor.user_id))
    assert client.run_jobs() == 3  # 2 + 2 + 0: a full chunk may have been the last
    for student in school.students:
        assert kinds(student) == ([] if student is actor else ["lesson_published"])
    assert inbox(school.students[0])[0]["subject"]["id"] == str(SUBJECT["subject_id"])


def test_a_chunk_of_a_thousand_costs_one_insert(client: Client) -> None:
    school = make_school(client, student_count=0)
    with client.script() as request:
        rows = [
            {"username": f"many{n}", "email": f"many{n}@example.com", "created_at": request.now} for n in range(1_001)
        ]
        users = [User(**row) for row in rows]
        request.db.add_all(users)
        request.db.flush()
        request.db.add_all(
            Enrollment(course_id=school.course_id, student_id=user.id, enrolled_at=request.now) for user in users
        )
    role = to_role(school)
    with counted_statements(client.registry) as statements, client.script() as request:
        jobs.notify_role(request, **role)
    assert [statement.split()[0] for statement in statements] == ["SELECT", "INSERT", "INSERT"]  # the last: next chunk
    client.run_jobs()
    with client.script() as request:
        assert request.db.query(Notification).filter_by(event_id=role["event_id"]).count() == 1_001


def test_only_those_who_hold_the_role_are_told(school: School) -> None:
    stranger = make_user(school.client, "teacher")
    run(school.client, jobs.notify_role, to_role(school, role="teacher"))
    run(school.client, jobs.notify_role, to_role(school, role="nobody"))
    assert kinds(school.owner) == kinds(school.co_teacher) == ["lesson_published"]
    assert kinds(stranger) == kinds(school.students[0]) == []
