"""What nobody thought of, on every operation: ``fuzz_api`` with a small budget, the same input each time."""

from typing import Any

from tests.contracts.fuzz_api import MODES, Fuzz

EXAMPLES = 2


def test_every_operation_keeps_its_promises_whatever_it_is_sent(stage: Any) -> None:
    fuzz = Fuzz(*stage)
    fuzz.round(EXAMPLES)
    assert not fuzz.found, "\n\n".join(fuzz.found)
    # It would be blind if all were refused at the door.
    assert len(fuzz.answers) == len(list(fuzz.operations()))
    assert sum(1 for statuses in fuzz.answers.values() if statuses[2]) > 0.5 * len(fuzz.answers)
    assert sum(sum(statuses.values()) for statuses in fuzz.answers.values()) > len(MODES) * len(fuzz.answers)
