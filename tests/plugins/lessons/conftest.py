from collections.abc import Iterator
from typing import Any

import pytest

from courseplatform.api import Event
from courseplatform.testing import Client


@pytest.fixture
def heard(client: Client) -> Iterator[list[Any]]:
    """Every event that is emitted during the test."""
    events: list[Any] = []
    client.registry.registerHandler(events.append, (Event,))
    yield events
    client.registry.unregisterHandler(events.append, (Event,))
