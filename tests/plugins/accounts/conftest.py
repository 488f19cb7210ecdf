import pytest

from courseplatform.testing import Client
from tests.factories.mail import Mailbox


@pytest.fixture
def mailbox(client: Client) -> Mailbox:
    return Mailbox(client)
