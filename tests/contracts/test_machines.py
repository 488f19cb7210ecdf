"""The machines of ``machines``, with few examples and the same each time."""

from collections.abc import Iterator
from typing import Any

import pytest

from courseplatform.testing import rolled_back
from tests.contracts.machines.life import School
from tests.contracts.machines.running import MACHINES, run


@pytest.fixture(scope="module")
def school(wsgi_app: Any) -> Iterator[School]:
    with rolled_back(wsgi_app) as (client, connection):
        yield School(client, connection)


@pytest.mark.parametrize("name", MACHINES)
def test_whatever_the_order_of_calls_the_platform_is_where_the_model_is(name: str, school: School) -> None:
    run(name, school, examples=10, steps=20)
