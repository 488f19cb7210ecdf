import pytest

from courseplatform.testing import Client
from tests.factories.accounts import Actor, make_user
from tests.factories.certificates import finish_lessons
from tests.factories.courses import make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson


@pytest.fixture
def course(client: Client, teacher: Actor) -> str:
    """A published course with one required lesson; its address."""
    course = make_course(client, teacher, title="Algebra I")
    make_lesson(client, course)
    return course


@pytest.fixture
def enrolled(client: Client, course: str, student: Actor) -> Actor:
    """A student of the course who has done nothing yet."""
    enrol(client, course, student)
    return student


@pytest.fixture
def graduate(client: Client, course: str) -> Actor:
    """A student who has done all that the course requires; the rule has not run."""
    actor = make_user(client)
    enrol(client, course, actor)
    finish_lessons(client, course, actor)
    return actor


class Outside:
    """What others fetch of us: published addresses, without signing in."""

    def __init__(self, client: Client) -> None:
        self.client, self.asked = client, []

    def __call__(self, address: str) -> bytes:
        assert address.startswith("https://courses.test/")
        self.asked.append(address)
        return self.client.get(address.removeprefix("https://courses.test")).body


@pytest.fixture
def outside(client: Client) -> Outside:
    return Outside(client)
