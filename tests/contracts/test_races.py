"""Thirty-two at the same moment, with real commits: one effect, and a clear answer for everybody else.

Each race makes what it needs, gives its calls away, and is given the answers. The last seat is the cohorts' to give:
``examples/courseplatform-cohorts/tests/test_races.py``.
"""

from collections import Counter
from collections.abc import Callable, Generator
from itertools import islice, permutations
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from courseplatform.testing import Client
from plugins.accounts.models import RefreshToken, User
from plugins.courses.models import Course
from plugins.enrollments.models import Enrollment
from plugins.submissions.models import GradeChange, Submission
from tests.factories.accounts import PASSWORD, Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.certificates import finish_lessons
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission
from tests.races import THREADS, Call, at_once

Race = Generator[list[Call], list[Any], None]
RACES: dict[str, Callable[[Client], Race]] = {}
REST = THREADS - 1


def race(function: Callable[[Client], Race]) -> Callable[[Client], Race]:
    RACES[function.__name__] = function
    return function


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_int for answer in answers)


def rows(client: Client, model: Any, *where: Any) -> int:
    with client.script() as request:
        return int(request.db.scalar(sa.select(sa.func.count()).select_from(model).where(*where)))


class Class:
    """A published course with a lesson, an assignment and a student who takes it."""

    def __init__(self, client: Client) -> None:
        self.teacher, self.student = make_user(client, "teacher"), make_user(client)
        self.course = make_course(client, self.teacher)
        self.lesson = make_lesson(client, self.course)
        self.assignment = make_assignment(client, self.lesson)
        enrol(client, self.course, self.student)


def register(client: Client, same: str) -> Race:
    def call(number: int) -> Any:
        body = {"username": f"user{number}", "email": f"user{number}@example.com", "password": PASSWORD}
        body[same] = ("Ada", "aDA")[number % 2] + ("@example.com" if same == "email" else "")
        return client.as_(None).post("/api/auth/register/", body, None)

    answers = yield [lambda number=number: call(number) for number in range(THREADS)]
    assert statuses(answers) == {201: 1, 409: REST}
    assert rows(client, User) == 1


@race
def one_address_is_registered(client: Client) -> Race:
    yield from register(client, "email")


@race
def one_name_is_registered(client: Client) -> Race:
    yield from register(client, "username")


@race
def a_refresh_token_is_used(client: Client) -> Race:
    """Within the grace, all get tokens of the one session: a client that asks twice isn't thrown out."""
    make_user(client, username="grace")
    body = {"username": "grace", "password": PASSWORD}
    token = {"refresh_token": client.post("/api/auth/login/", body, 200).json["refresh_token"]}
    answers = yield [lambda: client.as_(None).post("/api/auth/token/refresh/", token, None)] * THREADS
    assert statuses(answers) == {200: THREADS}
    assert rows(client, RefreshToken, RefreshToken.used_at.is_not(None)) == 1


@race
def a_student_enrols(client: Client) -> Race:
    course, student = make_course(client, make_user(client, "teacher")), make_user(client)
    answers = yield [lambda: student.put(f"{course}enrollments/me/", status=None)] * THREADS
    assert statuses(answers) == {201: 1, 200: REST}
    assert rows(client, Enrollment) == 1


@race
def the_only_attempt_is_handed_in(client: Client) -> Race:
    here = Class(client)
    here.teacher.patch(here.assignment, {"max_attempts": 1})
    texts = [{"text": f"Work {number}"} for number in range(THREADS)]
    address = f"{here.assignment}submissions/"
    answers = yield [lambda body=body: here.student.post(address, body, None) for body in texts]
    assert statuses(answers) == {201: 1, 409: REST}
    assert rows(client, Submission) == 1


@race
def the_same_work_is_graded(client: Client) -> Race:
    here = Class(client)
    work = make_submission(client, here.assignment, here.student)
    headers = {"If-Match": here.teacher.get(work).headers["ETag"]}
    grades = [{"grade": number} for number in range(THREADS)]
    answers = yield [lambda b=body: here.teacher.put(f"{work}grade/", b, None, headers=headers) for body in grades]
    assert statuses(answers) == {200: 1, 412: REST}
    (told,) = [answer.json["grade"] for answer in answers if answer.status_int == 200]
    assert here.student.get(work).json["grade"] == told
    assert rows(client, GradeChange) == 1


@race
def a_student_reviews_a_course(client: Client) -> Race:
    here = Class(client)
    answers = yield [lambda: here.student.post(f"{here.course}reviews/", {"rating": 3}, None)] * THREADS
    assert statuses(answers) == {201: 1, 409: REST}
    told = client.get(here.course).json
    assert (told["review_count"], told["review_average"]) == (1, 3.0)


@race
def a_certificate_is_issued(client: Client) -> Race:
    here = Class(client)
    finish_lessons(client, here.course, here.student)
    body = {"student_id": here.student.id, "course_id": id_of(here.course), "override_reason": "by hand"}
    answers = yield [lambda: here.teacher.post("/api/users/certificates/", body, None)] * THREADS
    assert statuses(answers) == {201: 1, 200: REST}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(here.student.get("/api/users/certificates/").json["results"]) == 1


@race
def one_key_is_used(client: Client) -> Race:
    """All are given the first answer, or told that it is being worked on."""
    teacher, key = make_user(client, "teacher"), {"Idempotency-Key": str(uuid4())}
    calls = [lambda: client.as_(teacher.token).post("/api/courses/", {"title": "A"}, None, headers=key)] * THREADS
    answers = yield calls
    assert statuses(answers).keys() <= {201, 409}
    made = [answer for answer in answers if answer.status_int == 201]
    assert len({answer.body for answer in made}) == 1
    assert ["Idempotent-Replayed" in answer.headers for answer in made].count(False) == 1
    assert rows(client, Course) == 1


@race
def lessons_are_reordered(client: Client) -> Race:
    here = Class(client)
    ids = [id_of(here.lesson), *(id_of(make_lesson(client, here.course)) for _ in range(4))]
    address = f"{here.course}lessons/order/"
    headers = {"If-Match": here.teacher.get(address).headers["ETag"]}
    orders = [{"lesson_ids": list(order)} for order in islice(permutations(ids), 1, THREADS + 1)]
    answers = yield [lambda body=body: here.teacher.put(address, body, None, headers=headers) for body in orders]
    assert statuses(answers) == {200: 1, 412: REST}
    left = here.teacher.get(f"{here.course}lessons/").json["results"]
    assert [row["position"] for row in left] == [1, 2, 3, 4, 5]
    assert {"lesson_ids": [row["id"] for row in left]} in orders


def administrators(client: Client) -> tuple[list[Actor], Callable[[], int]]:
    """So many, and how many are left."""
    made = [make_user(client, "admin") for _ in range(THREADS)]
    return made, lambda: rows(client, User, User.role == "admin", User.is_active)


@race
def all_administrators_leave(client: Client) -> Race:
    admins, left = administrators(client)
    answers = yield [lambda admin=admin: admin.delete("/api/users/me/", None) for admin in admins]
    assert statuses(answers) == {204: REST, 409: 1}
    assert left() == 1


@race
def administrators_end_each_other(client: Client) -> Race:
    """Everybody the next one, in a ring, in one of three ways. Who is none any more when asked is refused."""
    admins, left = administrators(client)
    ways = [("PATCH", {"role": "student"}), ("PATCH", {"is_active": False}), ("DELETE", None)]

    def end(number: int) -> Any:
        method, body = ways[number % 3]
        return admins[number].call(method, f"/api/users/{admins[(number + 1) % THREADS].id}/", body)

    answers = yield [lambda number=number: end(number) for number in range(THREADS)]
    assert statuses(answers).keys() <= {200, 204, 401, 403, 409}
    assert left() >= 1
    ended = sum(answer.status_int in (200, 204) for answer in answers)
    assert ended == THREADS - left()


@race
def two_administrators_end_each_other(client: Client) -> Race:
    """Sixteen pairs would be sixteen databases: two of them, each as often as there are threads."""
    pair = [make_user(client, "admin") for _ in range(2)]

    def end(number: int) -> Any:
        body = {"role": "student"} if number % 4 < 2 else {"is_active": False}
        return pair[number % 2].call("PATCH", f"/api/users/{pair[1 - number % 2].id}/", body)

    answers = yield [lambda number=number: end(number) for number in range(THREADS)]
    assert statuses(answers).keys() <= {200, 401, 403, 409}
    assert rows(client, User, User.role == "admin", User.is_active) == 1


@pytest.mark.parametrize("name", RACES)
def test_of_thirty_two_at_once_one_counts_when(name: str, committing_client: Client) -> None:
    running = RACES[name](committing_client)
    answers = at_once(*next(running))
    with pytest.raises(StopIteration):
        running.send(answers)
