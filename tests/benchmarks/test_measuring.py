"""What the benchmarks make of what they see."""

import os
import subprocess
import sys

from benchmarks.load import Load
from benchmarks.processor import seconds_of
from benchmarks.report import Round, ratios, tables

BUSY = "import time\nwhile time.process_time() < 0.2: pass"


def rounds(*rates: int) -> list[Round]:
    return [Round(Load(rate * 2, 2.0, p50_ms=1.5, p99_ms=rate), 0.5, 0.25) for rate in rates]


def test_work_counts_also_when_who_did_it_has_ended() -> None:
    before = seconds_of(os.getpid())
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    assert 0.15 < seconds_of(os.getpid()) - before < 2  # what has ended is counted in hundredths


def test_the_median_round_counts() -> None:
    found = {"platform": rounds(100, 900, 400), "drf": rounds(100, 100, 1000)}
    assert ratios(found) == {"drf": 4.0}
    first, latency, cpu = tables({"E4": found}, {}).split("\n\n")
    assert first.splitlines()[2] == "| E4 a submission, for its student | 400 | 100 | 4.00 |"
    assert latency.splitlines()[2] == "| E4 a submission, for its student | 1.50 / 400 | 1.50 / 100 |"
    assert cpu.splitlines()[2] == "| E4 a submission, for its student | 0.50 + 0.25 | 0.50 + 0.25 |"
