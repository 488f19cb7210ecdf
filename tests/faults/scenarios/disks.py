"""Disks that are full: PostgreSQL's, and that of the files. They are small file systems in memory."""

import os
import shutil
import time
from pathlib import Path
from random import Random

from tests.faults.running import Scenario
from tests.faults.scenarios.expecting import expect_back
from tests.faults.stage import Stage

LEFT_BYTES = 200_000


def fill(folder: Path) -> Path:
    """Leave next to nothing; what is to be removed again."""
    ballast = folder / "ballast"
    with ballast.open("wb") as target:
        os.posix_fallocate(target.fileno(), 0, max(shutil.disk_usage(folder).free - LEFT_BYTES, 1))
    return ballast


def fill_the_files(stage: Stage, dice: Random) -> None:
    """the disk of the files full"""
    time.sleep(dice.uniform(0.5, 1))
    ballast = fill(stage.files)
    time.sleep(4)
    ballast.unlink()


def fill_the_database(stage: Stage, dice: Random) -> None:
    """the disk of PostgreSQL full, until it stops; room is made, and it is started again"""
    time.sleep(dice.uniform(0.5, 1))
    ballast = fill(stage.postgres.folder)
    time.sleep(8)
    ballast.unlink()
    if stage.postgres.process is None or stage.postgres.process.poll() is not None:
        stage.postgres.start()
    expect_back(stage)


SCENARIOS = [
    Scenario("files-full", fill_the_files, is_alone=True, disks_mib={"var": 24}),
    Scenario("postgres-full", fill_the_database, is_alone=True, disks_mib={"postgres": 256}),
]
