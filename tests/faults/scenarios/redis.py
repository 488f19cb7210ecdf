"""Redis: killed, wiped, frozen, full. No request fails, and none is slower by more than a second."""

import time
from random import Random

import redis

from tests.faults.running import Scenario
from tests.faults.stage import Stage

SLOWEST_S = 1.5


def kill_it(stage: Stage, dice: Random) -> None:
    """kill -9 of Redis, which keeps nothing, twice"""
    for _ in range(2):
        time.sleep(dice.uniform(0.5, 1))
        stage.redis.kill()
        time.sleep(dice.uniform(1, 2))
        stage.redis.start()


def wipe_it(stage: Stage, dice: Random) -> None:
    """Redis wiped (FLUSHALL), again and again"""
    until = time.monotonic() + 4
    while time.monotonic() < until:
        time.sleep(dice.uniform(0.05, 0.4))
        stage.redis.wipe()


def freeze_it(stage: Stage, dice: Random) -> None:
    """Redis frozen (SIGSTOP)"""
    time.sleep(dice.uniform(0.5, 1))
    stage.redis.freeze()
    time.sleep(6)
    stage.redis.thaw()


def fill_it(stage: Stage, dice: Random) -> None:
    """Redis full (maxmemory): it refuses every write"""
    time.sleep(dice.uniform(0.5, 1))
    with redis.Redis.from_url(stage.redis.url) as client:
        client.config_set("maxmemory", 1)
        time.sleep(4)
        client.config_set("maxmemory", 0)


SCENARIOS = [
    Scenario("redis-killed", kill_it, slowest_s=SLOWEST_S),
    Scenario("redis-wiped", wipe_it, slowest_s=SLOWEST_S),
    Scenario("redis-frozen", freeze_it, slowest_s=SLOWEST_S),
    Scenario("redis-full", fill_it, slowest_s=SLOWEST_S),
]
