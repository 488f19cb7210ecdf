"""What the guard makes of its counts; ``python -m benchmarks.guard --slowed 20`` shows that it counts."""

import pytest

from benchmarks.guard import verdicts


@pytest.mark.parametrize(("percent", "is_costly", "is_stale"), [(20, 1, 0), (10, 0, 0), (-10, 0, 0), (-20, 0, 1)])
def test_what_costs_fifteen_percent_more_is_told_and_what_costs_as_much_less_too(
    percent: int, is_costly: int, is_stale: int
) -> None:
    costly, stale = verdicts({"list": 2 * (1 + percent / 100)}, {"list": 2.0})
    assert (len(costly), len(stale)) == (is_costly, is_stale)


def test_a_request_that_is_not_recorded_or_no_longer_measured_is_told() -> None:
    costly, _ = verdicts({"new": 1.0}, {"old": 1.0})
    assert costly == ["new: is measured only", "old: is recorded only"]
