"""A course with its people, and a receiver beside it; the platform may talk to this machine."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from courseplatform.testing import Client, committed, make_app, rolled_back
from plugins.courses.events import CourseArchived
from plugins.webhooks.models import Delivery, DomainEvent, Webhook
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import id_of, make_course
from tests.plugins.webhooks.receiver import Receiver

EVENTS, WEBHOOKS = "/api/events/", "/api/webhooks/"
LOCAL = {
    "webhooks.allow_http": "true",
    "webhooks.allowed_ports": "any",
    "webhooks.allowed_private_networks": "127.0.0.0/8",
}


@pytest.fixture(scope="package")
def webhooks_app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    app = make_app(database_url, tmp_path_factory.mktemp("var"), **LOCAL)
    yield app
    app.registry["db.engine"].dispose()


@pytest.fixture
def client(webhooks_app: Any) -> Iterator[Client]:
    with rolled_back(webhooks_app) as (made, _):
        yield made


@pytest.fixture
def committing_client(webhooks_app: Any) -> Iterator[Client]:
    with committed(webhooks_app) as made:
        yield made


@pytest.fixture(scope="package")
def receiver_server() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def receiver(receiver_server: Receiver) -> Receiver:
    receiver_server.reset()
    return receiver_server


@dataclass
class Hook:
    """A webhook of somebody's: its address here, and its secret."""

    owner: Actor
    address: str
    secret: str
    id: str

    def patch(self, **changes: Any) -> Any:
        return self.owner.patch(self.address, changes).json

    def show(self) -> Any:
        return self.owner.get(self.address).json

    def ledger(self, **query: str) -> list[Any]:
        """Oldest first."""
        asked = "".join(f"&{name}={value}" for name, value in query.items())
        return list(reversed(self.owner.get(f"{self.address}deliveries/?limit=100{asked}").json["results"]))


@dataclass
class School:
    client: Client
    receiver: Receiver
    admin: Actor
    owner: Actor
    course: str
    other_course: str
    hooks: list[Hook] = field(default_factory=list)

    @property
    def course_id(self) -> UUID:
        return UUID(id_of(self.course))

    def happen(self, times: int = 1, **fields: Any) -> None:
        """Let something public happen in the course, each time in a transaction of its own."""
        given = {"course_id": self.course_id, "by_user_id": self.owner.user_id, **fields}
        for _ in range(times):
            with self.client.script() as request:
                request.emit(CourseArchived(**given))

    def run(self) -> int:
        return self.client.run_jobs()

    def hook(self, owner: Actor | None = None, **fields: Any) -> Hook:
        owner = owner or self.owner
        if owner is not self.admin:
            fields.setdefault("course_id", str(self.course_id))
        made = owner.post(WEBHOOKS, {"url": self.receiver.url, **fields})
        return Hook(owner, made.headers["Location"], made.json["secret"], made.json["id"])

    def pass_time(self, **delta: float) -> None:
        """Let time pass, then do what is due."""
        self.client.clock.move(**delta)
        self.run()

    def row(self, hook: Hook) -> Webhook:
        with self.client.script() as request:
            return request.db.get_one(Webhook, UUID(hook.id))

    def set(self, hook: Hook, **fields: Any) -> None:
        with self.client.script() as request:
            request.db.execute(sa.update(Webhook).where(Webhook.id == UUID(hook.id)).values(**fields))

    def log(self) -> list[DomainEvent]:
        with self.client.script() as request:
            return list(request.db.scalars(sa.select(DomainEvent).order_by(DomainEvent.sequence, DomainEvent.id)))

    def deliveries(self) -> list[Delivery]:
        with self.client.script() as request:
            return list(request.db.scalars(sa.select(Delivery).order_by(Delivery.id)))


def make_school(client: Client, receiver: Receiver) -> School:
    """Nothing has happened there yet: its rows were made without events."""
    owner, stranger = make_user(client, "teacher"), make_user(client, "teacher")
    course, other_course = make_course(client, owner), make_course(client, stranger)
    return School(client, receiver, make_user(client, "admin"), owner, course, other_course)


@pytest.fixture
def school(client: Client, receiver: Receiver) -> School:
    return make_school(client, receiver)


@pytest.fixture
def committing_school(committing_client: Client, receiver: Receiver) -> School:
    return make_school(committing_client, receiver)
