"""A published course with its people, a lesson and an assignment."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from courseplatform.testing import Client
from plugins.enrollments.models import Enrollment
from tests.factories.accounts import Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.mail import Mailbox
from tests.factories.notifications import ALL
from tests.factories.submissions import make_submission

DUE_AT = datetime(2090, 5, 1, 10, 30, tzinfo=UTC)


@dataclass
class School:
    """``course``, ``lesson``, ``assignment``: their addresses."""

    client: Client
    owner: Actor
    co_teacher: Actor
    students: list[Actor]
    course: str
    lesson: str
    assignment: str

    @property
    def course_id(self) -> UUID:
        return UUID(id_of(self.course))

    @property
    def lesson_id(self) -> UUID:
        return UUID(id_of(self.lesson))

    @property
    def assignment_id(self) -> UUID:
        return UUID(id_of(self.assignment))

    def emit(self, event: Any) -> None:
        """Let an event happen in a transaction of its own, and do what follows from it."""
        self.happen(event)
        self.client.run_jobs()

    def happen(self, event: Any) -> None:
        with self.client.script() as request:
            request.emit(event)

    def change(self, model: Any, row_id: Any, **fields: Any) -> None:
        """Change a row behind everybody's back."""
        with self.client.script() as request:
            row = request.db.get_one(model, row_id)
            for name, value in fields.items():
                setattr(row, name, value)

    def remove(self, model: Any, row_id: Any) -> None:
        with self.client.script() as request:
            request.db.delete(request.db.get_one(model, row_id))

    def submission(self, status: str = "submitted", student: int = 0) -> UUID:
        """The id of a student's next attempt."""
        return UUID(id_of(make_submission(self.client, self.assignment, self.students[student], status=status)))

    def leave(self, student: Actor, status: str = "removed") -> None:
        with self.client.script() as request:
            for enrollment in request.db.query(Enrollment).filter_by(student_id=student.user_id):
                enrollment.status = status


def make_school(client: Client, student_count: int = 2) -> School:
    owner, co_teacher = make_user(client, "teacher"), make_user(client, "teacher")
    course = make_course(client, owner)
    add_co_teacher(client, course, co_teacher)
    lesson = make_lesson(client, course, title="Rings")
    assignment = make_assignment(client, lesson, title="Sheet 1", due_at=DUE_AT)
    students = [make_user(client) for _ in range(student_count)]
    for student in students:
        enrol(client, course, student)
    return School(client, owner, co_teacher, students, course, lesson, assignment)


@pytest.fixture
def school(client: Client) -> School:
    return make_school(client)


@pytest.fixture
def mailbox(client: Client) -> Mailbox:
    return Mailbox(client)


def inbox(actor: Actor) -> list[dict[str, Any]]:
    """What a user was told, oldest first."""
    return list(reversed(actor.get(ALL).json["results"]))


def kinds(actor: Actor) -> list[str]:
    return [row["kind"] for row in inbox(actor)]
