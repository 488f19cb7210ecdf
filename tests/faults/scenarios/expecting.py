"""What has to be seen of the platform while something is away, and after it has come back."""

import time

import requests

from tests.faults.stage import Stage

#: Promised of PostgreSQL: so long after its return everything serves again.
BACK_S = 5
#: Between two looks, on a machine that is busy.
LOOK_S = 1


def expect_down(stage: Stage, within_s: float = 7) -> None:
    """Every process says that it is not ready, and that it lives. Raises: AssertionError."""
    for app in stage.apps:
        began = time.monotonic()
        try:
            status = app.ask("/health/ready", timeout_s=within_s)
        except requests.Timeout:
            status = 0
        assert status == 503, f"/health/ready answers {status} while the database is away"
        assert time.monotonic() - began < within_s, "/health/ready takes too long while the database is away"


def expect_back(stage: Stage) -> None:
    """Every process is ready soon. Raises: AssertionError."""
    stage.wait_until(
        lambda: all(app.is_ready() for app in stage.apps), BACK_S + LOOK_S, "everything serves again after its return"
    )
