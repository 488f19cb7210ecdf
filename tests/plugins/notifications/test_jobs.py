"""Delivery to one user and to all who hold a role."""

from typing import Any
from uuid import uuid4

import pytest

from courseplatform.jobs import OutboxJob
from courseplatform.testing import Client, counted_statements
from plugins.accounts.api import User
from plugins.enrollments.models import Enrollment
from plugins.notifications import jobs
from plugins.notifications.models import Notification
from tests.factories.accounts import make_user

from .conftest import School, inbox, kinds, make_school


def news(school: School, **fields: Any) -> dict[str, Any]:
    subject = {"subject_type": "lesson", "subject_id": school.lesson_id, "subject_url": school.lesson}
    return {"event_id": uuid4(), "kind": "lesson_published", "title": "Rings", **subject, **fields}


def to_role(school: School, **fields: Any) -> dict[str, Any]:
    return news(school, **{"course_id": school.course_id, "role": "student", **fields})


def run(client: Client, job: Any, arguments: dict[str, Any]) -> None:
    with client.script() as request:
        request.enqueue(job, **arguments)
    client.run_jobs()


def many_students(school: School, count: int) -> None:
    with school.client.script() as request:
        rows = [{"username": f"many{n}", "email": f"many{n}@example.com"} for n in range(count)]
        users = [User(**row, created_at=request.now) for row in rows]
        request.db.add_all(users)
        request.db.flush()
        request.db.add_all(
            Enrollment(course_id=school.course_id, student_id=user.id, enrolled_at=request.now) for user in users
        )


def test_a_job_that_runs_twice_tells_once(school: School) -> None:
    student = school.students[0]
    one, role = news(school, recipient_id=student.user_id), to_role(school)
    for _ in range(2):
        run(school.client, jobs.notify, one)
        run(school.client, jobs.notify_role, role)
    assert len(inbox(student)) == 2


def test_an_inactive_user_is_told_nothing(school: School) -> None:
    student, other = school.students
    school.change(User, student.user_id, is_active=False)
    run(school.client, jobs.notify, news(school, recipient_id=student.user_id))
    run(school.client, jobs.notify, news(school, recipient_id=uuid4()))
    run(school.client, jobs.notify_role, to_role(school))
    school.change(User, student.user_id, is_active=True)
    assert kinds(student) == []
    assert kinds(other) == ["lesson_published"]


def test_who_has_left_by_the_time_of_delivery_is_told_nothing(school: School) -> None:
    student = school.students[0]
    with school.client.script() as request:
        request.enqueue(jobs.notify_role, **to_role(school))
    school.leave(student, "dropped")
    school.client.run_jobs()
    assert kinds(student) == []
    assert kinds(school.students[1]) == ["lesson_published"]


def test_a_former_teacher_is_told_nothing(school: School) -> None:
    school.change(User, school.co_teacher.user_id, role="student")
    run(school.client, jobs.notify_role, to_role(school, role="teacher"))
    assert kinds(school.co_teacher) == []
    assert kinds(school.owner) == ["lesson_published"]


def test_a_course_that_is_gone_tells_nobody(school: School) -> None:
    run(school.client, jobs.notify_role, to_role(school, course_id=uuid4()))
    assert kinds(school.students[0]) == []


def test_a_kind_whose_plugin_is_off_by_now_tells_nobody(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(school.client.registry["notifications.kinds"], "lesson_published")
    run(school.client, jobs.notify_role, to_role(school))
    run(school.client, jobs.notify, news(school, recipient_id=school.owner.user_id))
    assert kinds(school.students[0]) == kinds(school.owner) == []


def test_many_are_told_in_chunks(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK_USERS", 2)
    school = make_school(client, student_count=5)
    actor = school.students[2]
    with client.script() as request:
        request.enqueue(jobs.notify_role, **to_role(school, actor_id=actor.user_id))
    assert client.run_jobs() == 3  # 2 + 2 + 0: a full chunk may have been the last
    for student in school.students:
        assert kinds(student) == ([] if student is actor else ["lesson_published"])
    assert inbox(school.students[0])[0]["subject"]["id"] == str(school.lesson_id)


def test_a_chunk_of_a_thousand_costs_as_many_statements_as_one_of_one(client: Client) -> None:
    school = make_school(client, student_count=0)
    many_students(school, 1_001)
    told = to_role(school)
    with counted_statements(client.registry) as statements, client.script() as request:
        jobs.notify_role(request, **told)
    # Who may see it, who is there, their inboxes, their languages; the notifications; the next chunk.
    assert [sql.split()[0] for sql in statements] == ["SELECT", "SELECT", "INSERT", "SELECT", "INSERT", "INSERT"]
    client.run_jobs()
    with client.script() as request:
        assert request.db.query(Notification).filter_by(event_id=told["event_id"]).count() == 1_001


def test_the_mails_of_a_chunk_are_enqueued_all_at_once(client: Client) -> None:
    school = make_school(client, student_count=0)
    many_students(school, 999)
    with counted_statements(client.registry) as statements, client.script() as request:
        jobs.notify_role(request, **to_role(school, kind="enrolled"))
    assert len(statements) == 6
    with client.script() as request:
        assert request.db.query(OutboxJob).filter(OutboxJob.name.endswith("mail_notification")).count() == 999


def test_a_role_that_was_told_already_is_looked_up_and_nothing_written(school: School) -> None:
    told = to_role(school)
    run(school.client, jobs.notify_role, told)
    with counted_statements(school.client.registry) as statements, school.client.script() as request:
        jobs.notify_role(request, **told)
    assert [sql.split()[0] for sql in statements] == ["SELECT", "SELECT"]


def test_only_those_who_hold_the_role_are_told(school: School) -> None:
    stranger = make_user(school.client, "teacher")
    run(school.client, jobs.notify_role, to_role(school, role="teacher"))
    run(school.client, jobs.notify_role, to_role(school, role="nobody"))
    assert kinds(school.owner) == kinds(school.co_teacher) == ["lesson_published"]
    assert kinds(stranger) == kinds(school.students[0]) == []
