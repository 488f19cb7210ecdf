"""Protections taken away: whoever counts here no loss is blind."""

import time
from random import Random

from tests.faults.running import Scenario
from tests.faults.stage import Stage


def commit_lazily(stage: Stage, dice: Random) -> None:
    """synchronous_commit off, and kill -9 of PostgreSQL: what was acknowledged last is lost"""
    lazy = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
    for name, value in lazy.items():
        stage.postgres.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    stage.postgres.execute("SELECT pg_reload_conf()")
    time.sleep(dice.uniform(2, 3))
    stage.postgres.kill()
    stage.postgres.start()
    stage.postgres.execute("ALTER SYSTEM RESET ALL")
    stage.postgres.restart()


def trust_the_queue(stage: Stage, dice: Random) -> None:
    """without the scheduler, who looks into the outbox: what a wiped Redis forgets is never done"""
    stage.background["scheduler"].kill()
    stage.background["scheduler"].wait()
    until = time.monotonic() + 4
    while time.monotonic() < until:
        time.sleep(0.02)
        stage.redis.wipe()


SCENARIOS = [
    Scenario("control-lazy-commit", commit_lazily, is_control=True),
    Scenario("control-queue-alone", trust_the_queue, is_control=True, is_alone=True),
]
