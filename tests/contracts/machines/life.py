"""What the machines share: people, a clock, and that nothing of one example is left for the next."""

from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa
from hypothesis.stateful import RuleBasedStateMachine

from courseplatform.testing import Client
from tests.contracts.own_world import taken_back
from tests.factories.accounts import make_user

ANY = {"If-Match": "*"}


class School:
    """The people of all machines, on one connection."""

    def __init__(self, client: Client, connection: sa.Connection) -> None:
        self.client, self.connection = client, connection
        self.owner, self.admin = make_user(client, "teacher"), make_user(client, "admin")
        self.student, self.stranger = make_user(client), make_user(client)


class Life(RuleBasedStateMachine):
    """One example: a savepoint that is rolled back at its end."""

    school: School  # which run() sets

    def __init__(self) -> None:
        super().__init__()
        self.example = ExitStack()
        self.example.enter_context(taken_back(self.school.connection))
        self.client = self.school.client
        self.owner, self.admin = self.school.owner, self.school.admin
        self.student, self.stranger = self.school.student, self.school.stranger

    def teardown(self) -> None:
        self.client.clock.offset *= 0
        self.example.close()

    def make_course(self, **fields: Any) -> str:
        """A published course of the owner's, with one lesson that counts; its address."""
        course = f"/api/courses/{self.owner.post('/api/courses/', {'title': 'Algebra'}).json['id']}/"
        self.lesson = f"{course}lessons/{self.owner.post(f'{course}lessons/', {'title': 'L'}).json['id']}/"
        self.owner.put(f"{course}publication/", headers=ANY)
        return course


def expect(answer: Any, *statuses: int) -> Any:
    assert answer.status_int in statuses, f"{answer.status_int} instead of {statuses}: {answer.text[:300]}"
    return answer
