"""Assignments over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from courseplatform.testing import Client, counted_statements
from tests.factories.accounts import Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission

FIELDS = {
    "id",
    "lesson_id",
    "title",
    "description",
    "due_at",
    "lock_at",
    "max_points",
    "pass_points",
    "max_attempts",
    "is_published",
    "is_required",
    "created_at",
    "deadline",
}


def names(response: Any) -> list[str]:
    return [fault["name"] for fault in response.json["errors"]]


def test_a_teacher_makes_an_assignment_with_the_defaults(teacher: Actor, lesson: str) -> None:
    made = teacher.post(f"{lesson}assignments/", {"title": " Sheet 1 "})
    assert set(made.json) == FIELDS
    assert made.json["title"] == "Sheet 1"
    assert made.json["lesson_id"] == id_of(lesson)
    assert (made.json["max_points"], made.json["pass_points"], made.json["max_attempts"]) == (100, 0, None)
    assert (made.json["is_published"], made.json["is_required"], made.json["description"]) == (True, True, "")
    assert made.json["deadline"]["state"] == "open"
    assert made.headers["Location"].endswith(f"{lesson}assignments/{made.json['id']}/")
    shown = teacher.get(f"{lesson}assignments/{made.json['id']}/")
    assert shown.headers["ETag"] == made.headers["ETag"]


def test_reading_is_for_students_and_staff(
    client: Client,
    course: str,
    lesson: str,
    learner: Actor,
    student: Actor,
    stranger: Actor,
    teacher: Actor,
    admin: Actor,
) -> None:
    assignment = make_assignment(client, lesson)
    co_teacher = make_user(client, "teacher")
    add_co_teacher(client, course, co_teacher)
    for path in (assignment, f"{lesson}assignments/"):
        client.get(path, status=401)
        student.get(path, status=403)
        stranger.get(path, status=403)
        for actor in (learner, teacher, co_teacher, admin):
            actor.get(path)


def test_who_dropped_the_course_reads_no_assignments_any_more(client: Client, course: str, lesson: str) -> None:
    former = make_user(client)
    enrol(client, course, former, status="dropped")
    former.get(make_assignment(client, lesson), status=403)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_writing_is_for_staff(
    client: Client, lesson: str, learner: Actor, student: Actor, stranger: Actor, admin: Actor, method: str
) -> None:
    assignment = make_assignment(client, lesson)
    body = None if method == "DELETE" else {"title": "Other"}
    client.call(method, assignment, body, status=401)
    for actor in (learner, student, stranger):
        actor.call(method, assignment, body, status=403)
    admin.call(method, assignment, body, status=204 if method == "DELETE" else 200)


def test_making_is_for_staff(
    client: Client, lesson: str, learner: Actor, student: Actor, stranger: Actor, admin: Actor
) -> None:
    client.post(f"{lesson}assignments/", {"title": "Sheet"}, status=401)
    for actor in (learner, student, stranger):
        actor.post(f"{lesson}assignments/", {"title": "Sheet"}, status=403)
    admin.post(f"{lesson}assignments/", {"title": "Sheet"})


def test_an_unpublished_assignment_exists_for_staff_only(
    client: Client, lesson: str, learner: Actor, teacher: Actor
) -> None:
    hidden = make_assignment(client, lesson, is_published=False)
    shown = make_assignment(client, lesson)
    learner.get(hidden, status=404)
    client.get(hidden, status=401)
    teacher.get(hidden)
    path = f"{lesson}assignments/"
    assert [row["id"] for row in learner.get(path).json["results"]] == [id_of(shown)]
    assert [row["id"] for row in teacher.get(path).json["results"]] == [id_of(hidden), id_of(shown)]


def test_an_assignment_of_a_draft_course_is_indistinguishable_from_a_missing_one(
    client: Client, teacher: Actor, student: Actor
) -> None:
    course = make_course(client, teacher, status="draft")
    assignment = make_assignment(client, make_lesson(client, course))
    client.get(assignment, status=404)
    student.get(assignment, status=404)
    student.put(assignment, {"title": "Mine"}, status=404)


def test_an_assignment_addressed_beneath_another_lesson_is_404(
    client: Client, course: str, lesson: str, teacher: Actor
) -> None:
    assignment = make_assignment(client, lesson)
    elsewhere = make_lesson(client, course)
    teacher.get(f"{elsewhere}assignments/{id_of(assignment)}/", status=404)
    teacher.delete(f"{elsewhere}assignments/{id_of(assignment)}/", status=404)


def test_lists_are_paged(client: Client, lesson: str, learner: Actor) -> None:
    made = [id_of(make_assignment(client, lesson)) for _ in range(3)]
    first = learner.get(f"{lesson}assignments/?limit=2").json
    second = learner.get(first["next"]).json
    assert [row["id"] for row in first["results"] + second["results"]] == made
    assert second["next"] is None


@pytest.mark.parametrize(
    ("body", "faulty"),
    [
        ({}, ["title"]),
        ({"title": ""}, ["title"]),
        ({"title": "a" * 201}, ["title"]),
        ({"title": "a", "max_points": 0}, ["max_points"]),
        ({"title": "a", "max_points": 1_000_001}, ["max_points"]),
        ({"title": "a", "max_points": True}, ["max_points"]),
        ({"title": "a", "max_points": 10.5}, ["max_points"]),
        ({"title": "a", "max_points": 10, "pass_points": 11}, ["pass_points"]),
        ({"title": "a", "pass_points": -1}, ["pass_points"]),
        ({"title": "a", "max_attempts": 0}, ["max_attempts"]),
        ({"title": "a", "due_at": "2030-01-01T00:00:00"}, ["due_at"]),
        ({"title": "a", "due_at": "2030-01-02T00:00:00Z", "lock_at": "2030-01-01T00:00:00Z"}, ["lock_at"]),
        (
            {
                "title": "a",
                "due_at": "2030-01-02T00:00:00Z",
                "lock_at": "2030-01-01T00:00:00Z",
                "max_points": 1,
                "pass_points": 2,
            },
            ["lock_at", "pass_points"],
        ),
        ({"title": "a", "deadline": {}}, ["deadline"]),
        ({"title": "a", "id": "x", "lesson_id": "y"}, ["id", "lesson_id"]),
    ],
)
def test_faulty_bodies_are_422_and_name_their_fields(
    teacher: Actor, lesson: str, body: dict[str, Any], faulty: list[str]
) -> None:
    assert names(teacher.post(f"{lesson}assignments/", body, status=422)) == faulty


@pytest.mark.parametrize(
    ("change", "faulty"),
    [
        ({"due_at": "2030-02-01T00:00:00Z"}, ["due_at"]),
        ({"lock_at": "2029-01-01T00:00:00Z"}, ["lock_at"]),
        ({"max_points": 49}, ["max_points"]),
        ({"pass_points": 101}, ["pass_points"]),
    ],
)
def test_a_patch_of_one_side_must_fit_the_other(
    teacher: Actor, lesson: str, change: dict[str, Any], faulty: list[str]
) -> None:
    body = {
        "title": "a",
        "due_at": "2030-01-01T00:00:00Z",
        "lock_at": "2030-01-02T00:00:00Z",
        "max_points": 100,
        "pass_points": 50,
    }
    made = teacher.post(f"{lesson}assignments/", body).json
    path = f"{lesson}assignments/{made['id']}/"
    assert names(teacher.patch(path, change, status=422)) == faulty
    assert teacher.get(path).json["due_at"] == made["due_at"]


def test_put_replaces_and_patch_merges(client: Client, lesson: str, teacher: Actor) -> None:
    path = make_assignment(client, lesson, description="Long", max_points=10, max_attempts=3)
    patched = teacher.patch(path, {"max_attempts": None, "max_points": 20}).json
    assert (patched["description"], patched["max_attempts"], patched["max_points"]) == ("Long", None, 20)
    replaced = teacher.put(path, {"title": "New"}).json
    assert (replaced["title"], replaced["description"], replaced["max_points"]) == ("New", "", 100)


def test_a_stale_etag_is_412(client: Client, lesson: str, teacher: Actor) -> None:
    path = make_assignment(client, lesson)
    tag = teacher.get(path).headers["ETag"]
    teacher.patch(path, {"title": "First"}, headers={"If-Match": tag})
    teacher.patch(path, {"title": "Second"}, headers={"If-Match": tag}, status=412)


def test_the_deadline_goes_from_open_to_late_to_locked_and_takes_the_etag_along(
    client: Client, lesson: str, learner: Actor
) -> None:
    with client.script() as request:
        now = request.now
    path = make_assignment(client, lesson, due_at=now + timedelta(minutes=1), lock_at=now + timedelta(minutes=2))
    states, tags = [], set()
    for _ in range(3):
        shown = learner.get(path)
        states.append(shown.json["deadline"]["state"])
        tags.add(shown.headers["ETag"])
        client.clock.move(seconds=80)
    assert states == ["open", "late", "locked"]
    assert len(tags) == 3
    assert set(shown.json["deadline"]) == {"due_at", "lock_at", "server_now", "state"}


def test_deleting_one_with_submissions_is_409(client: Client, lesson: str, teacher: Actor, learner: Actor) -> None:
    path = make_assignment(client, lesson)
    make_submission(client, path, learner)
    refused = teacher.delete(path, status=409).json
    assert (refused["code"], refused["submission_count"]) == ("has_submissions", 1)
    assert learner.get(path).json["id"] == id_of(path)


def test_deleting_a_lesson_with_submissions_is_409_by_the_foreign_key(
    client: Client, lesson: str, teacher: Actor, learner: Actor
) -> None:
    make_submission(client, make_assignment(client, lesson), learner)
    assert teacher.delete(lesson, status=409).json["code"] == "has_submissions"


def test_an_assignment_without_submissions_goes(client: Client, lesson: str, teacher: Actor) -> None:
    path = make_assignment(client, lesson)
    teacher.delete(path)
    teacher.get(path, status=404)


def test_the_maximum_stays_above_the_grades_given(client: Client, lesson: str, teacher: Actor, learner: Actor) -> None:
    path = make_assignment(client, lesson)
    make_submission(client, path, learner, status="checked", grade=80)
    refused = teacher.patch(path, {"max_points": 79}, status=409).json
    assert (refused["code"], refused["highest_grade"], refused["max_points"]) == ("grades_exceed", 80, 79)
    assert teacher.patch(path, {"max_points": 80}).json["max_points"] == 80


def test_statement_budgets(client: Client, lesson: str, teacher: Actor, learner: Actor) -> None:
    path = make_assignment(client, lesson)
    for number in range(5):
        make_assignment(client, lesson, title=f"Sheet {number}")
    tag = "2030-01-01T00:00:00Z"
    for budget, call in (
        (3, lambda: learner.get(path)),
        (4, lambda: learner.get(f"{lesson}assignments/")),
        (10, lambda: teacher.post(f"{lesson}assignments/", {"title": "New"})),
        (9, lambda: teacher.patch(path, {"due_at": tag, "max_points": 200, "is_required": False})),
        (9, lambda: teacher.delete(path)),
    ):
        with counted_statements(client.registry) as statements:
            call()
        assert len(statements) <= budget, statements
