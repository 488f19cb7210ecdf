"""What goes wrong, in the order in which it is run."""

from tests.faults.running import Scenario
from tests.faults.scenarios import controls, database, disks, processes, redis

SCENARIOS: list[Scenario] = [
    *database.SCENARIOS,
    *redis.SCENARIOS,
    *processes.SCENARIOS,
    *disks.SCENARIOS,
    *controls.SCENARIOS,
]
