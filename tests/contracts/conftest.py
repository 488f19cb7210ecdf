from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from courseplatform.testing import rolled_back


@pytest.fixture(scope="module")
def stage(wsgi_app: Any) -> Iterator[tuple[Any, sa.Connection]]:
    """The world, built once a module, and the connection on which each request is rolled back."""
    from tests.contracts.world import World  # not earlier: it asks which plugins pytest was told to switch on

    with rolled_back(wsgi_app) as (client, connection):
        yield World(client), connection
