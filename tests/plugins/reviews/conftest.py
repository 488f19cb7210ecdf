import pytest

from courseplatform.testing import Client
from tests.factories.accounts import Actor
from tests.factories.courses import make_course
from tests.factories.enrollments import enrol


@pytest.fixture
def course(client: Client, teacher: Actor) -> str:
    """A published course; its address."""
    return make_course(client, teacher)


@pytest.fixture
def enrolled(client: Client, course: str, student: Actor) -> Actor:
    enrol(client, course, student)
    return student
