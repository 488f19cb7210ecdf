"""Outcomes as a table, and in words."""

from collections.abc import Iterator

from tests.faults.judging import WAYS
from tests.faults.running import Outcome

COLUMNS = {
    "scenario": 24,
    "seed": 5,
    "requests": 9,
    "acknowledged": 13,
    "lost": 5,
    "doubled": 8,
    "phantom": 8,
    "orphaned": 9,
    "undone": 7,
    "slowest": 8,
    "verdict": 10,
}


def row(cells: tuple[str, ...]) -> str:
    placed = zip(cells, COLUMNS.items(), strict=True)
    return "  ".join(
        cell.ljust(width) if name in ("scenario", "verdict") else cell.rjust(width) for cell, (name, width) in placed
    ).rstrip()


HEAD = row(tuple(COLUMNS))


def lines(outcome: Outcome) -> Iterator[str]:
    """Its row, and beneath it each fault."""
    counts = (outcome.seed, outcome.requests, outcome.acknowledged, *map(outcome.findings.of, WAYS))
    yield row((outcome.scenario, *map(str, counts), f"{outcome.slowest_s:.2f} s", outcome.verdict))
    wrong = outcome.findings.words() if outcome.is_control else {**outcome.findings.words(), **outcome.faults}
    for fault, times in wrong.items():
        yield f"    {times} × {fault}"
