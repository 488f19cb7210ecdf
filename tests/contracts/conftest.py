from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from courseplatform.testing import rolled_back
from tests.contracts.world import World


@pytest.fixture(scope="module")
def stage(wsgi_app: Any) -> Iterator[tuple[World, sa.Connection]]:
    """The world, built once a module, and the connection on which each request is rolled back."""
    with rolled_back(wsgi_app) as (client, connection):
        yield World(client), connection
