"""Scenarios one after another, on one stage as long as they can share it."""

import os
import shutil
from contextlib import ExitStack
from pathlib import Path

from tests.faults.running import Outcome, Scenario, run
from tests.faults.stage import Stage, opened

CALM = "calm"
WRITERS = 4


class Series:
    """``calm_s``: the slowest answer while nothing was wrong, which the machine owes to nobody's harm."""

    def __init__(self, writers: int = WRITERS, *, spares_leases: bool = False) -> None:
        self.writers, self.spares_leases = writers, spares_leases
        self.stack = ExitStack()
        self.stage: Stage | None = None
        self.calm_s = 0.0

    def __enter__(self) -> "Series":
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def run(self, scenario: Scenario, seed: int) -> Outcome:
        if scenario.is_alone:
            with opened(scenario.disks_mib) as stage:
                return self.run_on(stage, scenario, seed)
        if self.stage is None:
            self.stage = self.stack.enter_context(opened())
        outcome = self.run_on(self.stage, scenario, seed)
        if scenario.name == CALM:
            self.calm_s = outcome.slowest_s
        return outcome

    def run_on(self, stage: Stage, scenario: Scenario, seed: int) -> Outcome:
        return run(stage, scenario, seed, writers=self.writers, calm_s=self.calm_s, spares_leases=self.spares_leases)


def reason_to_skip(scenario: Scenario) -> str | None:
    if scenario.needs and not Path(scenario.needs).exists():
        return f"{scenario.needs} is not there"
    if scenario.disks_mib and (os.geteuid() != 0 or shutil.which("mount") is None):
        return "only root mounts small file systems"
    return None
