"""A published course with a lesson, an assignment and a student's work, and everyone around them."""

from dataclasses import dataclass
from typing import Any

import pytest

from courseplatform.testing import Client
from tests.factories.accounts import Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import add_co_teacher, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission

TARGETS = ("lesson", "assignment", "submission")


@dataclass
class World:
    client: Client
    owner: Actor
    co_teacher: Actor
    student: Actor
    classmate: Actor
    outsider: Actor
    teacher: Actor
    admin: Actor
    course: str
    lesson: str
    assignment: str
    submission: str

    def target(self, kind: str) -> str:
        return str(getattr(self, kind))


def make_world(client: Client) -> World:
    owner, co_teacher, teacher = (make_user(client, "teacher") for _ in range(3))
    student, classmate, outsider = (make_user(client) for _ in range(3))
    course = make_course(client, owner)
    add_co_teacher(client, course, co_teacher)
    enrol(client, course, student)
    enrol(client, course, classmate)
    lesson = make_lesson(client, course)
    assignment = make_assignment(client, lesson)
    submission = make_submission(client, assignment, student)
    people = {"owner": owner, "co_teacher": co_teacher, "teacher": teacher, "admin": make_user(client, "admin")}
    students = {"student": student, "classmate": classmate, "outsider": outsider}
    return World(
        client=client, **people, **students, course=course, lesson=lesson, assignment=assignment, submission=submission
    )


@pytest.fixture
def world(client: Client) -> World:
    return make_world(client)


@pytest.fixture(params=TARGETS)
def target(request: Any, world: World) -> str:
    """The address of each thing that can be commented on."""
    return world.target(request.param)
