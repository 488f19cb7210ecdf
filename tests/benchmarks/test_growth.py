"""What is made of the costs of a request in schools of several sizes."""

from typing import Any, cast

import pytest

from benchmarks.asking import KINDS
from benchmarks.growth import ASKED, DEEP, FIRST, LIMIT, ratios, table
from benchmarks.load import Load, Requests
from benchmarks.report import Round
from benchmarks.rounds import Loaded, in_turn, measured
from benchmarks.world import Target


def costing(*costs_ms: float) -> list[Round]:
    """Rounds in which PostgreSQL has a quarter of what a request costs."""
    return [Round(Load(200, 2.0, p50_ms=1.5, p99_ms=9), cost * 0.75, cost * 0.25) for cost in costs_ms]


def test_a_request_is_compared_with_itself_in_the_smallest_school() -> None:
    found = {("E4", 10): costing(2, 9, 2), ("E4", 1_000): costing(3, 3, 3), ("E4", 9_000): costing(2, 1, 2)}
    assert [(ratio.scale, ratio.value) for ratio in ratios(found)] == [(1_000, 1.5), (9_000, 1.0)]
    assert str(ratios(found)[0]) == "E4 with 1,000 submissions costs 1.50 of what it does with 10"
    told = ["| E4 a submission, for its student | 10 | 100 | 1.50 + 0.50 | 1.50 |  |"]
    told += ["| E4 a submission, for its student | 1,000 | 100 | 2.25 + 0.75 | 1.50 | 1.50 of 10 |"]
    assert table(found).splitlines()[2:4] == told


def test_a_deep_page_is_compared_with_the_first_one_of_its_own_school() -> None:
    found = {(FIRST, 10): costing(2), (FIRST, 1_000): costing(4), (DEEP, 10): costing(2), (DEEP, 1_000): costing(6)}
    deep = {ratio.scale: ratio.value for ratio in ratios(found) if ratio.of == "the first page"}
    assert deep == {10: 1.0, 1_000: 1.5}
    assert {ratio.kind for ratio in ratios(found) if ratio.value > LIMIT} == {FIRST, DEEP}


def test_the_first_page_is_of_the_list_that_has_the_deep_one() -> None:
    class Place:
        deep = Target("teacher0", "course", "lesson", "assignment")

    asked = [list(kind.asks(cast(Any, Place))) for kind in (ASKED[FIRST], ASKED[DEEP], KINDS[DEEP])]
    assert asked[0] == asked[1] == asked[2]
    assert not ASKED[FIRST].is_deep and ASKED[DEEP].is_deep


@pytest.mark.parametrize(("number", "order"), [(0, "abc"), (1, "bca"), (5, "cab")])
def test_each_round_begins_with_another(number: int, order: str) -> None:
    assert "".join(in_turn("abc", number)) == order


def test_all_are_warm_before_the_first_is_measured() -> None:
    said = []

    class Sending(Loaded):
        def __init__(self, name: str) -> None:
            self.name, self.requests = name, cast(Requests, self)
            self.system = cast(Any, self)
            self.url = name

        def send(self, url: str, seconds: float) -> Any:
            said.append(f"warm {url} {seconds:g}")

        def load(self, seconds: float) -> Round:
            said.append(f"{self.name} {seconds:g}")
            return costing(len(said))[0]

    found = measured({name: Sending(name) for name in "ab"}, rounds=2, seconds=3)
    assert said == ["warm a 1.5", "warm b 1.5", "a 3", "b 3", "b 3", "a 3"]
    assert [len(rounds) for rounds in found.values()] == [2, 2]
