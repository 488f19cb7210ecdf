import pytest

from courseplatform.testing import Client
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson


@pytest.fixture
def course(client: Client, teacher: Actor) -> str:
    return make_course(client, teacher)


@pytest.fixture
def lesson(client: Client, course: str) -> str:
    return make_lesson(client, course)


@pytest.fixture
def learner(client: Client, course: str) -> Actor:
    """A student who takes the course."""
    actor = make_user(client)
    enrol(client, course, actor)
    return actor


@pytest.fixture
def stranger(client: Client) -> Actor:
    """A teacher of other courses."""
    return make_user(client, "teacher")
