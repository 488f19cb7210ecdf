"""Running the machines: the same examples each time, or others by seed."""

from typing import Any

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from tests.contracts.machines.certificate import CertificateLife
from tests.contracts.machines.course import CourseLife
from tests.contracts.machines.enrollment import EnrollmentLife
from tests.contracts.machines.life import Life, School
from tests.contracts.machines.submission import SubmissionLife

MACHINES: dict[str, type[Life]] = {
    "course": CourseLife,
    "enrollment": EnrollmentLife,
    "submission": SubmissionLife,
    "certificate": CertificateLife,
}


def run(name: str, school: School, *, examples: int, steps: int, seed: int | None = None) -> None:
    """Raises: what a step raised, with the steps that led to it.

    ``seed``: None for the same examples each time, which are not shortened: that takes minutes.
    """
    generate, shrink = hypothesis.Phase.generate, hypothesis.Phase.shrink
    settings: dict[str, Any] = {
        "max_examples": examples,
        "stateful_step_count": steps,
        "deadline": None,
        "database": None,
        "derandomize": seed is None,
        "phases": [generate] if seed is None else [generate, shrink],
        "suppress_health_check": list(hypothesis.HealthCheck),
    }
    machine = type(name, (MACHINES[name],), {"school": school})
    if seed is not None:
        machine = hypothesis.seed(seed)(machine)
    run_state_machine_as_test(machine, settings=hypothesis.settings(**settings))
