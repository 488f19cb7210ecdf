"""What clients were told is there, whatever was killed, frozen or cut off: some of ``python -m tests.faults``."""

from collections.abc import Iterator

import pytest

from tests.faults.scenarios import SCENARIOS
from tests.faults.series import CALM, Series
from tests.faults.table import lines
from tests.redis_server import BINARY

pytestmark = pytest.mark.skipif(BINARY is None, reason="redis-server is not installed")

SELECTION = ("postgres-killed", "postgres-frozen", "control-lazy-commit")
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
SEED = 1


@pytest.fixture(scope="module")
def series() -> Iterator[Series]:
    with Series(spares_leases=True) as made:
        made.run(BY_NAME[CALM], SEED)
        yield made


@pytest.mark.parametrize("name", SELECTION)
def test_nothing_is_lost_doubled_or_late(series: Series, name: str) -> None:
    """Of a control: that something is, else the others would be blind."""
    outcome = series.run(BY_NAME[name], SEED)
    assert outcome.is_well, "\n".join(lines(outcome))
