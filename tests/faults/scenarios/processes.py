"""Our own processes: killed, replaced, unheard, and with a clock that jumps."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from random import Random

from tests.faults.running import Scenario
from tests.faults.scenarios.expecting import expect_back
from tests.faults.stage import Stage

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"

#: What was put down for a time that the clock had already shown is done when it comes. We don't wait for it.
PASS_AN_HOUR = (
    "UPDATE outbox SET due_at = now(), take_at = now() WHERE done_at IS NULL AND dead_at IS NULL AND take_at > now()",
    "UPDATE webhook_deliveries SET due_at = now() WHERE status = 'waiting' AND due_at > now()",
    "UPDATE webhooks SET busy_until = NULL, paused_until = NULL",
)


def kill_apps(stage: Stage, dice: Random) -> None:
    """kill -9 of processes that serve, three times"""
    for _ in range(3):
        time.sleep(dice.uniform(0.5, 1.5))
        app = dice.choice(stage.apps)
        assert app.process is not None
        app.process.kill()
        app.process.wait()
        stage.start_app(app)
        stage.wait_until(app.is_ready, 60, "a process that was killed serves again")


def kill_workers(stage: Stage, dice: Random) -> None:
    """kill -9 of the workers with all they have begun, and of the scheduler, three times"""
    for _ in range(3):
        time.sleep(dice.uniform(1, 2))
        pool = stage.background["worker"]
        for pid in [pool.pid, *descendants(pool.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        pool.wait()
        stage.background["scheduler"].kill()
        stage.background["scheduler"].wait()
        stage.start_background("worker", "--processes", "2")
        stage.start_background("scheduler")
        time.sleep(3)


def deploy(stage: Stage, dice: Random) -> None:
    """a release: each process replaced in turn, by SIGTERM"""
    for app in stage.apps:
        time.sleep(dice.uniform(0.2, 1))
        assert app.process is not None
        app.process.terminate()
        assert app.process.wait(30) == 0, "a process that serves did not end well"
        stage.start_app(app)
        stage.wait_until(app.is_ready, 60, "the new process serves")
    for name in ("worker", "scheduler"):
        stage.background[name].terminate()
        assert stage.background[name].wait(30) == 0, f"a {name} did not end well"
    stage.start_background("worker", "--processes", "2")
    stage.start_background("scheduler")


def cut_answers(stage: Stage, dice: Random) -> None:
    """a third of all answers cut off between platform and client"""
    for app in stage.apps:
        app.clients_port = app.proxy.port
        app.proxy.cuts = lambda piece: piece.startswith(b"HTTP/1.1 ") and dice.random() < 1 / 3
    try:
        time.sleep(5)
    finally:
        for app in stage.apps:
            app.proxy.cuts, app.clients_port = None, app.port


def jump_in_time(stage: Stage, dice: Random) -> None:
    """the clocks of all our processes jump by up to an hour, forth and back; that of PostgreSQL stands"""
    clock = stage.folder / "clock"
    clock.write_text("+0")
    stage.restart_all(
        LD_PRELOAD=FAKETIME,
        FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_CACHE_DURATION="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )
    try:
        for _ in range(4):
            time.sleep(2)
            clock.write_text(f"{dice.randint(-3600, 3600):+d}")
        time.sleep(2)
    finally:
        stage.restart_all()
    expect_back(stage)
    for statement in PASS_AN_HOUR:
        stage.execute(statement)


def descendants(pid: int) -> list[int]:
    """The processes that a process has made, and those that they have."""
    with suppress(FileNotFoundError, ProcessLookupError):
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [*children, *(below for child in children for below in descendants(child))]
    return []


SCENARIOS = [
    Scenario("apps-killed", kill_apps, may_break=True),
    Scenario("workers-killed", kill_workers),
    Scenario("deploys", deploy),
    Scenario("answers-cut", cut_answers, may_break=True),
    Scenario("clock-jumps", jump_in_time, may_break=True, needs=FAKETIME),
]
