"""What is memory that stays as it is."""

import os
import subprocess
import sys

import pytest

from benchmarks.load import Load
from benchmarks.soak import MIB, Memory, Minute, memory_of, rise_percent, rises, table

HOLD = "import sys\nheld = bytearray(60 << 20)\nprint(flush=True)\nsys.stdin.read()"


def test_the_last_third_counts_against_the_middle_one() -> None:
    warming, middle, last = [1, 50, 90], [100, 100, 900], [100, 104, 120]
    assert rise_percent([*warming, *middle, *last]) == pytest.approx(4)
    assert rise_percent([10, 100, 90]) == pytest.approx(-10)
    with pytest.raises(ValueError):
        rise_percent([1, 2])


def test_shares_count_where_the_system_tells_of_all() -> None:
    samples = [Memory(2, number, number * 2) for number in (100, 100, 110)]
    assert rises(samples) == pytest.approx({"RSS": 10, "PSS": 10})
    assert rises([*samples[:2], Memory(2, 110, None)]) == pytest.approx({"RSS": 10})


def test_what_a_process_has_started_counts_with_it() -> None:
    before = memory_of(os.getpid())
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        during = memory_of(os.getpid())
    assert during.processes == before.processes + 1
    assert 60 < (during.rss_bytes - before.rss_bytes) / MIB < 120
    if before.pss_bytes is not None and during.pss_bytes is not None:
        assert 50 < (during.pss_bytes - before.pss_bytes) / MIB < 120


def test_each_minute_has_a_line() -> None:
    load = Load(600, 60.0, p50_ms=1.5, p99_ms=9)
    minute = Minute(load, [Memory(3, 400 * MIB, 300 * MIB), Memory(4, 402 * MIB, None)])
    assert table([minute, minute]).splitlines()[3] == "| 2 | 10.0 | 1.50 / 9.00 | 4 | 401 | 300 |"
