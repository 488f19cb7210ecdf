"""What a dry run says of notifications is what the delivery then makes."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select

from courseplatform.testing import Client, counted_statements
from plugins.accounts.models import User
from plugins.assignments.models import Assignment
from plugins.notifications import forecasts
from plugins.notifications.models import Notification
from plugins.notifications.news import News, Subject
from plugins.notifications.operations import tell, tell_role
from tests.factories.accounts import make_user
from tests.factories.enrollments import enrol
from tests.factories.many import enrol_many
from tests.factories.notifications import ALL, PREFERENCES

from .conftest import School

DRY = {"Prefer": "dry-run"}
LATER = {"due_at": "2091-01-01T00:00:00Z"}
NOWHERE = {"in_app": {"due_date_changed": False}, "email": {"due_date_changed": False}}


def told_of(client: Client) -> Counter[str]:
    with client.script() as request:
        return Counter(request.db.scalars(select(Notification.kind)))


def foretold(actor: Client, method: str, path: str, body: Any = None) -> dict[str, int]:
    return actor.call(method, path, body, headers=DRY, status=200).json["forecasts"].get("notifications", {})


def test_a_moved_deadline_tells_as_many_as_it_then_does(client: Client, school: School) -> None:
    sleeper, gone = make_user(client), make_user(client)
    for student in (sleeper, gone):
        enrol(client, school.course, student)
    school.change(User, sleeper.user_id, is_active=False)
    school.leave(gone)
    count = foretold(school.owner, "PATCH", school.assignment, LATER)
    assert count == {"due_date_changed": 2, "total": 2}
    assert told_of(client) == Counter()
    school.owner.patch(school.assignment, LATER)
    client.run_jobs()
    assert told_of(client) == {"due_date_changed": 2}


def test_nobody_learns_by_trying_what_others_want_to_hear_or_whether_they_left(client: Client, school: School) -> None:
    school.students[0].patch(PREFERENCES, NOWHERE)
    assert foretold(school.owner, "PATCH", school.assignment, LATER)["total"] == 2
    comments = f"{school.lesson}comments/"
    parent_id = school.students[0].post(comments, {"text": "Why?"}).json["id"]
    reply = {"text": "Because.", "parent_id": parent_id}
    school.students[0].patch(PREFERENCES, {"in_app": {"replied": False}})
    assert foretold(school.students[1], "POST", comments, reply) == {"replied": 1, "total": 1}
    school.leave(school.students[0])
    assert foretold(school.students[1], "POST", comments, reply) == {"replied": 1, "total": 1}


def test_nobody_is_told_of_what_they_will_not_see(client: Client, school: School) -> None:
    school.change(Assignment, school.assignment_id, is_published=False)
    assert foretold(school.owner, "PATCH", school.assignment, LATER) == {"due_date_changed": 0, "total": 0}
    both = foretold(school.owner, "PATCH", school.assignment, {**LATER, "is_published": True})
    assert both == {"due_date_changed": 2, "assignment_published": 2, "total": 4}
    assert foretold(school.owner, "PATCH", school.assignment, {"title": "Else"}) == {}


def test_who_is_told_alone_is_counted_alone(client: Client, school: School) -> None:
    newcomer, admin = make_user(client), make_user(client, "admin")
    path, body = f"{school.course}enrollments/", {"student_id": newcomer.id}
    assert foretold(school.owner, "POST", path, body) == {"enrolled": 1, "total": 1}
    assert foretold(newcomer, "PUT", f"{path}me/") == {}
    role = {"role": "teacher"}
    assert foretold(admin, "PATCH", f"/api/users/{newcomer.id}/", role) == {"role_changed": 1, "total": 1}
    message = {"recipient_id": newcomer.id, "message": "Hello."}
    assert foretold(admin, "POST", ALL, message) == {"message": 1, "total": 1}


def news_of(school: School) -> News:
    subject = Subject("course", school.course_id, school.course)
    about = {"told": {"title": "Algebra"}, "course_id": school.course_id, "role": "student"}
    return News(kind="enrolled", subject=subject, **about)


def calls_of(client: Client, tells: Any) -> dict[str, list[dict[str, Any]]]:
    """The jobs that telling promises."""
    with client.script() as request:
        request.is_dry_run = True
        tells(request)
        return request.foreseen.jobs


def test_the_same_news_for_many_are_looked_at_once(client: Client, school: School) -> None:
    people = [*school.students, make_user(client)]
    calls = calls_of(client, lambda request: [tell(request, one.user_id, news_of(school)) for one in people])
    with client.script() as request, counted_statements(client.registry) as statements:
        counts = forecasts.news_for_users(request, calls["plugins.notifications.jobs.notify"])
    assert counts == {"enrolled": 3, "total": 3}
    assert len(statements) == 1


def test_news_that_only_the_staff_could_see_reach_no_student(client: Client, school: School) -> None:
    work = f"{school.assignment}submissions/{school.submission()}/"
    grading = {"headers": {**DRY, "If-Match": school.owner.get(work).headers["ETag"]}}
    for is_published, count in ((True, 1), (False, 0)):
        school.change(Assignment, school.assignment_id, is_published=is_published)
        told = school.owner.put(f"{work}grade/", {"grade": 60}, **grading).json
        assert told["forecasts"]["notifications"] == {"graded": count, "total": count}


def test_of_very_much_news_not_all_is_counted(client: Client, school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "MAX_NEWS", 2)
    calls = calls_of(client, lambda request: [tell_role(request, news_of(school)) for _ in range(4)])
    with client.script() as request, counted_statements(client.registry) as statements:
        assert forecasts.news_for_roles(request, calls["plugins.notifications.jobs.notify_role"])["total"] == 8
    assert len(statements) == 4
    nowhere = Subject("course", school.lesson_id, school.course)
    titled = [News(**{**vars(news_of(school)), "subject": nowhere, "told": {"title": title}}) for title in "abcd"]
    calls = calls_of(client, lambda request: [tell(request, school.owner.user_id, news) for news in titled])
    with client.script() as request:
        assert forecasts.news_for_users(request, calls["plugins.notifications.jobs.notify"])["total"] == 2


def test_twenty_thousand_are_counted_in_two_statements(client: Client, school: School) -> None:
    many = 20_000
    enrol_many(client, school.course, many)
    with counted_statements(client.registry) as small:
        foretold(school.owner, "PATCH", school.assignment, {"title": "Else"})
    with counted_statements(client.registry) as statements:
        count = foretold(school.owner, "PATCH", school.assignment, LATER)
    assert count["due_date_changed"] == many + 2
    assert len(statements) <= len(small) + 7, "\n\n".join(statements)
