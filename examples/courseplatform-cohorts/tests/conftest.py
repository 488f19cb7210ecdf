"""People and a course, made through the API as a client would make them."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from courseplatform.testing import Client
from plugins.accounts.api import User

PASSWORD = "a long enough passphrase"
DAY = "2030-03-{:02}T12:00:00Z"

_numbers = count(1)


class Person(Client):
    """Someone who is signed in, anew whenever the clock was moved; ``id`` is the user's."""

    def __init__(self, client: Client, role: str = "student") -> None:
        super().__init__(client.app)
        self.name = f"{role}{next(_numbers)}"
        new = {"username": self.name, "email": f"{self.name}@example.com", "password": PASSWORD}
        self.id: str = client.post("/api/auth/register/", new).json["id"]
        if role != "student":
            with client.script() as request:
                request.db.execute(sa.update(User).where(User.id == self.id).values(role=role))
        self.signed_in_at: Any = None

    def call(self, method: str, path: str, *args: Any, **kw: Any) -> Any:
        if self.signed_in_at != self.clock.offset:
            self.signed_in_at = self.clock.offset
            credentials = {"username": self.name, "password": PASSWORD}
            tokens = Client(self.app).post("/api/auth/login/", credentials, status=200).json
            self.web.authorization = ("Bearer", tokens["access_token"])
        return super().call(method, path, *args, **kw)


class School:
    """A published course with two lessons, an assignment in the first, and cohorts as tests want them."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.teacher, self.admin = Person(client, "teacher"), Person(client, "admin")
        self.course = self.made("/api/courses/", title="Algebra")
        self.lesson = self.made(f"{self.course}lessons/", title="Groups")
        self.second = self.made(f"{self.course}lessons/", title="Rings")
        self.assignment = self.made(f"{self.lesson}assignments/", title="Sheet 1", due_at=DAY.format(10))
        self.teacher.put(f"{self.course}publication/")

    def made(self, address: str, **fields: Any) -> str:
        return f"{address}{self.teacher.post(address, fields).json['id']}/"

    def cohort(self, name: str, **fields: Any) -> str:
        return self.made(f"{self.course}cohorts/", name=name, **fields)

    def student(self, cohort: str | None = None) -> Person:
        """Someone who takes the course; in this cohort."""
        student = Person(self.client)
        self.teacher.post(f"{self.course}enrollments/", {"student_id": student.id})
        if cohort is not None:
            self.move(student, cohort)
        return student

    def move(self, student: Person, cohort: str | None, status: int = 200) -> Any:
        extensions = {"cohort": cohort and id_of(cohort)}
        body = {"student_id": student.id, "extensions": extensions}
        return self.teacher.post(f"{self.course}enrollments/", body, status)

    def set_dates(self, cohort: str, status: int = 201, **dates: str | None) -> Any:
        return self.teacher.put(f"{cohort}deadlines/{id_of(self.assignment)}/", dates, status)

    def hand_in(self, student: Person, status: int = 201, text: str = "my work") -> Any:
        return student.post(f"{self.assignment}submissions/", {"text": text}, status).json


def id_of(address: str) -> str:
    return address.rstrip("/").rsplit("/", 1)[1]


@pytest.fixture
def school(client: Client) -> School:
    return School(client)


@pytest.fixture
def at(wsgi_app: Any) -> Callable[[int], None]:
    """Let the clock show noon of a day in March 2030, and a minute."""

    def move(day: int) -> None:
        wsgi_app.registry["clock"].offset = datetime(2030, 3, day, 12, 1, tzinfo=UTC) - datetime.now(UTC)

    return move
