"""A plugin for the proof that jobs survive: it can hold a job up at five points, to be killed there.

In processes with ``PROOF_FOLDER`` set, a file ``pause-<point>`` in that folder holds up the first job that gets there,
once; it writes the ids of its process and of its worker to ``at-<point>``, and goes on after ``PAUSE_S``, or when there
is a file ``go-on``.
"""

import os
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from pyramid.config import Configurator
from pyramid.settings import asbool

from courseplatform import worker
from courseplatform.jobs import running

POINTS = ("taken", "begun", "running", "effected", "committed")
PAUSE_S = 5


def pause(point: str) -> None:
    folder = Path(os.environ.get("PROOF_FOLDER", "/nowhere"))
    try:
        (folder / f"pause-{point}").unlink()
    except FileNotFoundError:
        return
    unfinished = folder / f"{point}.part"
    unfinished.write_text(f"{os.getpid()} {os.getppid()}")
    unfinished.rename(folder / f"at-{point}")
    until = time.monotonic() + PAUSE_S
    while time.monotonic() < until and not (folder / "go-on").exists():
        time.sleep(0.05)


def run_without_outbox(registry: Any, job_id: UUID) -> None:
    """What a platform does that trusts its queue: run what comes, and keep no record of it."""
    with running.script_request(registry) as request:
        arguments = request.db.get_one(running.OutboxJob, job_id).arguments
        registry["jobs"]["tests.functional.proof_jobs.leave_effect"](request, **arguments)


def hold_up(run_job: Any, run_begun: Any) -> None:
    def paused_run_job(*arguments: Any) -> None:
        pause("taken")
        run_job(*arguments)
        pause("committed")

    def paused_run_begun(*arguments: Any) -> None:
        pause("begun")
        run_begun(*arguments)

    worker.run_job, running.run_begun = paused_run_job, paused_run_begun


def includeme(config: Configurator) -> None:
    config.add_jobs("tests.functional.proof_jobs", bulk=["leave_late_effect"])
    config.add_periodic_job("tests.functional.proof_jobs.tick", every_s=2)
    config.add_setting("proof.bypass", asbool, default=False)
    if "PROOF_FOLDER" in os.environ:
        is_bypassed = asbool(config.registry.settings.get("proof.bypass"))
        hold_up(run_without_outbox if is_bypassed else running.run_job, running.run_begun)
