"""One scenario from its beginning to its verdict."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.judging import SETTLE_S, WAYS, Findings, judge
from tests.faults.stage import Stage
from tests.faults.watch import Health
from tests.faults.writers import Ledger, Writer

PATIENCE_S = 60
#: A control waits for what never comes: a shorter time for answers, and for jobs.
CONTROL_S = (3, 8)


@dataclass(frozen=True)
class Scenario:
    """What goes wrong. ``harm(stage, dice)`` does it amid writers; it raises AssertionError for what must not be.

    ``slowest_s``: what no answer takes longer than. ``may_break``: connections of clients are part of the harm.
    ``is_control``: it takes a protection away, so that something has to be lost. ``is_alone``: it needs a stage of its
    own, with ``disks_mib`` on small file systems. ``needs``: a file without which it is skipped.
    """

    name: str
    harm: Callable[[Stage, random.Random], None]
    slowest_s: float = 6.0
    may_break: bool = False
    is_control: bool = False
    is_alone: bool = False
    disks_mib: dict[str, int] = field(default_factory=dict)
    needs: str | None = None

    @property
    def told(self) -> str:
        return (self.harm.__doc__ or "").partition("\n")[0].rstrip(".")


@dataclass
class Outcome:
    """``faults``: in words, and how often."""

    scenario: str
    seed: int
    requests: int
    acknowledged: int
    findings: Findings
    slowest_s: float
    slowest_live_s: float
    settled_s: float
    faults: dict[str, int]
    is_control: bool

    @property
    def is_well(self) -> bool:
        if self.is_control:
            return self.findings.total() > 0
        return self.findings.total() == 0 and not self.faults

    @property
    def verdict(self) -> str:
        if self.is_control:
            return "shows loss" if self.is_well else "BLIND"
        return "well" if self.is_well else "FAULTY"

    def as_json(self) -> dict[str, Any]:
        counts = {way: self.findings.of(way) for way in WAYS}
        return {**vars(self), **counts, "findings": self.findings.words(), "verdict": self.verdict}


def run(stage: Stage, scenario: Scenario, seed: int, *, writers: int, calm_s: float, spares_leases: bool) -> Outcome:
    """``writers``: how many. ``calm_s``: what a slow answer takes without any harm, on this machine and now.

    ``spares_leases``: does not wait until what is left of the harm is taken up again by itself.
    """
    dice = random.Random(f"{scenario.name} {seed}")
    ledger = Ledger(f"{scenario.name[:12]}-{seed}-{dice.randrange(16**4):04x}")
    patience_s, settle_s = CONTROL_S if scenario.is_control else (PATIENCE_S, SETTLE_S)
    at_work = [
        Writer(stage, ledger, number, random.Random(dice.random()), may_break=scenario.may_break, patience_s=patience_s)
        for number in range(writers)
    ]
    watches = [Health(app) for app in stage.apps]
    log_size = stage.log.stat().st_size
    for thread in (*watches, *at_work):
        thread.start()
    try:
        scenario.harm(stage, dice)
    except AssertionError as error:
        ledger.blame(str(error).partition("\n")[0])
    finally:
        for writer in at_work:
            writer.stop()
        for writer in at_work:
            writer.join()
        for watch in watches:
            watch.is_over.set()
            watch.join()
    began = time.monotonic()
    if spares_leases:
        stage.end_leases()
    findings = judge(stage, ledger, settle_s)
    slowest_live_s = max(watch.slowest_s for watch in watches)
    for watch in watches:
        for status in watch.statuses.keys() - {200}:
            ledger.blame(f"/health/live: {status or 'no answer'}")
    if ledger.slowest_s > scenario.slowest_s + calm_s:
        ledger.blame(f"an answer took longer than {scenario.slowest_s} s")
    with stage.log.open() as log:
        log.seek(log_size)
        if crashes := sum("unhandled exception in request" in told for told in log):
            ledger.faults["unhandled exception in a log"] += crashes
    return Outcome(
        scenario.name,
        seed,
        ledger.requests,
        ledger.acknowledged,
        findings,
        round(ledger.slowest_s, 2),
        round(slowest_live_s, 2),
        round(time.monotonic() - began, 1),
        dict(ledger.faults),
        scenario.is_control,
    )
