import pytest

from courseplatform.testing import Client
from tests.factories.accounts import Actor, make_user


@pytest.fixture
def admin(client: Client) -> Actor:
    return make_user(client, "admin")


@pytest.fixture
def teacher(client: Client) -> Actor:
    return make_user(client, "teacher")


@pytest.fixture
def student(client: Client) -> Actor:
    return make_user(client, "student")
