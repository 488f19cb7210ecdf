"""What assignments tell their neighbours."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from courseplatform.testing import Client
from plugins.assignments import jobs
from plugins.assignments.api import (
    Assignment,
    AssignmentDatesChanged,
    AssignmentDueSoon,
    AssignmentPublished,
    create_assignment,
)
from tests.factories.accounts import Actor
from tests.factories.assignments import make_assignment
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission


@pytest.fixture
def events(client: Client) -> Iterator[list[Any]]:
    """Every event of assignments that is emitted during the test."""
    heard: list[Any] = []
    kinds = (AssignmentPublished, AssignmentDatesChanged, AssignmentDueSoon)
    for kind in kinds:
        client.registry.registerHandler(heard.append, (kind,))
    yield heard
    for kind in kinds:
        client.registry.unregisterHandler(heard.append, (kind,))


def kinds_of(events: list[Any]) -> list[type]:
    return [type(event) for event in events]


def test_a_visible_assignment_is_announced(events: list[Any], lesson: str, course: str, teacher: Actor) -> None:
    made = teacher.post(f"{lesson}assignments/", {"title": "Sheet"}).json
    assert kinds_of(events) == [AssignmentPublished]
    event = events[0]
    assert [
        str(event.assignment_id),
        str(event.lesson_id),
        str(event.course_id),
        str(event.by_user_id),
        event.title,
    ] == [
        made["id"],
        id_of(lesson),
        id_of(course),
        teacher.id,
        "Sheet",
    ]


def test_publishing_later_announces_then_and_only_once(
    client: Client, events: list[Any], lesson: str, teacher: Actor
) -> None:
    path = make_assignment(client, lesson, is_published=False)
    teacher.patch(path, {"title": "Renamed"})
    assert events == []
    teacher.patch(path, {"is_published": True})
    teacher.patch(path, {"is_published": True})
    assert kinds_of(events) == [AssignmentPublished]


def test_what_lesson_or_course_hide_is_not_announced(client: Client, events: list[Any], teacher: Actor) -> None:
    draft = make_lesson(client, make_course(client, teacher, status="draft"))
    hidden = make_lesson(client, make_course(client, teacher), is_published=False)
    for lesson in (draft, hidden):
        teacher.post(f"{lesson}assignments/", {"title": "Sheet"})
    assert events == []


def test_moved_dates_are_told_and_equal_ones_are_not(
    client: Client, events: list[Any], lesson: str, teacher: Actor
) -> None:
    path = make_assignment(client, lesson)
    teacher.patch(path, {"lock_at": "2030-01-02T00:00:00Z"})
    teacher.patch(path, {"due_at": "2030-01-01T00:00:00Z"})
    teacher.patch(path, {"due_at": "2030-01-01T01:00:00+01:00"})
    assert [event.is_due_date_changed for event in events] == [False, True]


def test_moved_dates_recompute_lateness_and_never_points(
    client: Client, lesson: str, teacher: Actor, learner: Actor, student: Actor, course: str
) -> None:
    with client.script() as request:
        now = request.now
    path = make_assignment(client, lesson, due_at=now + timedelta(days=1))
    in_time = make_submission(client, path, learner, status="checked", grade=70, submitted_at=now)
    enrol(client, course, student)
    draft = make_submission(client, path, student, status="draft")
    teacher.patch(path, {"due_at": (now - timedelta(hours=1)).isoformat()})
    moved = teacher.get(in_time).json
    assert (moved["is_late"], moved["grade"]) == (True, 70)
    assert student.get(draft).json["is_late"] is False
    teacher.patch(path, {"due_at": None})
    assert teacher.get(in_time).json["is_late"] is False


def test_what_is_due_within_a_day_is_announced(client: Client, events: list[Any], course: str, lesson: str) -> None:
    with client.script() as request:
        now = request.now
    soon = make_assignment(client, lesson, due_at=now + timedelta(hours=23))
    make_assignment(client, lesson, due_at=now + timedelta(hours=25))
    make_assignment(client, lesson, due_at=now - timedelta(hours=1))
    make_assignment(client, lesson)
    make_assignment(client, lesson, due_at=now + timedelta(hours=2), is_published=False)
    make_assignment(client, make_lesson(client, course, is_published=False), due_at=now + timedelta(hours=2))
    with client.script() as request:
        jobs.announce_due_soon(request)
    assert [str(event.assignment_id) for event in events] == [id_of(soon)]


def test_announcements_go_on_where_a_chunk_ended(
    client: Client, events: list[Any], lesson: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 2)
    with client.script() as request:
        now = request.now
    made = [id_of(make_assignment(client, lesson, due_at=now + timedelta(hours=hours))) for hours in (3, 1, 2, 3)]
    with client.script() as request:
        request.enqueue(jobs.announce_due_soon)
    client.run_jobs()
    assert [str(event.assignment_id) for event in events] == [made[1], made[2], made[0], made[3]]


def test_an_assignment_can_be_made_without_http(client: Client, course: str, lesson: str, teacher: Actor) -> None:
    with client.script() as request:
        made = create_assignment(
            request, lesson_id=id_of(lesson), course_id=id_of(course), by_user_id=teacher.user_id, title="Sheet"
        )
        assert request.db.get(Assignment, made.id).max_points == 100
