import pytest

from courseplatform.testing import Client
from tests.factories.oauth import Application, make_application


@pytest.fixture
def app(client: Client) -> Application:
    return make_application(client)


@pytest.fixture
def public_app(client: Client) -> Application:
    return make_application(client, is_confidential=False)
