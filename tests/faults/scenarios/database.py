"""PostgreSQL: killed, restarted, frozen, slow, cut off, locked, used up."""

import threading
import time
from contextlib import suppress
from random import Random
from typing import Any

import psycopg2

from tests.faults.running import Scenario
from tests.faults.scenarios.expecting import expect_back, expect_down
from tests.faults.stage import DATABASE, Stage
from tests.tcp_proxy import COMMITTED

#: Longer than any promised wait.
FROZEN_S = 8.0


def do_nothing(stage: Stage, dice: Random) -> None:
    """nothing goes wrong"""
    time.sleep(3)


def kill_it(stage: Stage, dice: Random) -> None:
    """kill -9 of PostgreSQL, all of it at once, twice"""
    for _ in range(2):
        time.sleep(dice.uniform(1, 2))
        stage.postgres.kill()
        expect_down(stage)
        stage.postgres.start()
        expect_back(stage)


def restart_it(stage: Stage, dice: Random) -> None:
    """PostgreSQL restarted by its operator, twice"""
    for _ in range(2):
        time.sleep(dice.uniform(1, 2))
        stage.postgres.restart()
        expect_back(stage)


def terminate_backends(stage: Stage, dice: Random) -> None:
    """every connection terminated (pg_terminate_backend), again and again"""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        time.sleep(dice.uniform(0.1, 0.5))
        stage.postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", DATABASE)


def freeze_it(stage: Stage, dice: Random) -> None:
    """PostgreSQL frozen (SIGSTOP)"""
    hold(stage.postgres, stage, dice)


def freeze_the_network(stage: Stage, dice: Random) -> None:
    """nothing passes between platform and PostgreSQL, and nobody is told"""
    hold(stage.database_proxy, stage, dice)


def hold(frozen: Any, stage: Stage, dice: Random) -> None:
    time.sleep(dice.uniform(1, 2))
    frozen.freeze()
    began = time.monotonic()
    try:
        expect_down(stage)
        time.sleep(max(began + FROZEN_S - time.monotonic(), 0))
    finally:
        frozen.thaw()
    expect_back(stage)


def slow_it_down(stage: Stage, dice: Random) -> None:
    """each packet to and from PostgreSQL takes 5 to 40 ms"""
    until = time.monotonic() + 6
    try:
        while time.monotonic() < until:
            stage.database_proxy.delay_s = dice.uniform(0.005, 0.04)
            time.sleep(0.5)
    finally:
        stage.database_proxy.delay_s = 0


def cut_after_commit(stage: Stage, dice: Random) -> None:
    """a third of all COMMITs done, and the connection cut before the platform hears of it"""
    cuts = 0

    def is_cut(piece: bytes) -> bool:
        nonlocal cuts
        if COMMITTED not in piece or dice.random() > 1 / 3:
            return False
        cuts += 1
        return True

    stage.database_proxy.cuts = is_cut
    try:
        time.sleep(5)
    finally:
        stage.database_proxy.cuts = None
    assert cuts, "no COMMIT was cut off"


def deadlock_it(stage: Stage, dice: Random) -> None:
    """others lock the same rows in another order"""
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = %s"
    ((before,),) = stage.execute(deadlocks, DATABASE)
    until = time.monotonic() + 6
    while time.monotonic() < until:
        with suppress(psycopg2.Error):  # the victim may be we
            lock_in_turn(
                stage,
                lambda: time.sleep(dice.uniform(0.05, 0.2)),
                "SELECT id FROM users ORDER BY id DESC LIMIT 6 FOR UPDATE",
                "SELECT id FROM assignments FOR UPDATE",
            )
        time.sleep(0.1)
    stage.wait_until(lambda: stage.execute(deadlocks, DATABASE)[0][0] > before, 3, "there is a deadlock")


def lock_in_turn(stage: Stage, pause: Any, *statements: str) -> None:
    connection = psycopg2.connect(stage.postgres.url(DATABASE), options="-c lock_timeout=2s")
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                pause()
        connection.rollback()
    finally:
        connection.close()


def migrate_behind_a_lock(stage: Stage, dice: Random) -> None:
    """a migration wants a table that a long transaction reads: it gives up, nobody queues behind it"""
    plugin = {"COURSEPLATFORM_PLUGINS": f"{stage.plugins} tests.faults.migrating"}
    reader = psycopg2.connect(stage.postgres.url(DATABASE))
    with reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM users")
    try:
        refused = stage.command("migrate", **plugin)
        assert refused.returncode != 0, "the migration did not give up"
        assert "lock timeout" in refused.stderr, f"the migration failed for another reason: {refused.stderr[-500:]}"
    finally:
        reader.close()
    migrated = stage.command("migrate", **plugin)
    assert migrated.returncode == 0, f"the migration does not go through afterwards: {migrated.stderr[-500:]}"
    removed = stage.command("migrate", "--remove", "tests_faults", "--yes", **plugin)
    assert removed.returncode == 0, f"the migration can't be taken back: {removed.stderr[-500:]}"


def exhaust_the_pool(stage: Stage, dice: Random) -> None:
    """one connection a process, and somebody holds each for a while"""
    stage.restart_all(COURSEPLATFORM_DATABASE_POOL_SIZE="1", COURSEPLATFORM_DATABASE_POOL_OVERFLOW="0")
    held = threading.Thread(target=hold_rows, args=(stage, 5.0))
    held.start()
    stage.database_proxy.delay_s = 0.02
    try:
        held.join()
        time.sleep(2)
    finally:
        stage.database_proxy.delay_s = 0
        stage.restart_all()


def hold_rows(stage: Stage, seconds: float) -> None:
    """Whoever writes something of an assignment waits for us, up to its ``lock_timeout``."""
    lock_in_turn(stage, lambda: time.sleep(seconds), "SELECT id FROM assignments FOR UPDATE")


SCENARIOS = [
    Scenario("calm", do_nothing),
    Scenario("postgres-killed", kill_it),
    Scenario("postgres-restarted", restart_it),
    Scenario("backends-terminated", terminate_backends),
    Scenario("postgres-frozen", freeze_it),
    Scenario("network-frozen", freeze_the_network),
    Scenario("postgres-slow", slow_it_down),
    Scenario("cut-after-commit", cut_after_commit),
    Scenario("deadlocks", deadlock_it),
    Scenario("migration-behind-a-lock", migrate_behind_a_lock, slowest_s=3.0),
    Scenario("pool-exhausted", exhaust_the_pool, may_break=True),
]
