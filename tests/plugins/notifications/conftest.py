"""A published course with its people."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from courseplatform.testing import Client
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.notifications import ALL


@dataclass
class School:
    client: Client
    owner: Actor
    co_teacher: Actor
    students: list[Actor]
    course: str

    @property
    def course_id(self) -> UUID:
        return UUID(id_of(self.course))

    def emit(self, event: Any) -> None:
        """Let an event happen in a transaction of its own, and do what follows from it."""
        with self.client.script() as request:
            request.emit(event)
        self.client.run_jobs()


def make_school(client: Client, student_count: int = 2) -> School:
    owner, co_teacher = make_user(client, "teacher"), make_user(client, "teacher")
    course = make_course(client, owner)
    add_co_teacher(client, course, co_teacher)
    students = [make_user(client) for _ in range(student_count)]
    for student in students:
        enrol(client, course, student)
    return School(client, owner, co_teacher, students, course)


@pytest.fixture
def school(client: Client) -> School:
    return make_school(client)


def inbox(actor: Actor) -> list[dict[str, Any]]:
    """What a user was told, oldest first."""
    return list(reversed(actor.get(ALL).json["results"]))


def kinds(actor: Actor) -> list[str]:
    return [row["kind"] for row in inbox(actor)]
