"""Calls that begin at the same moment, and what becomes of them."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

THREADS = 32
#: Far beyond what a queue of 32 for one row takes, on whatever machine.
PATIENCE_S = 60

Call = Callable[[], Any]


def at_once(*calls: Call) -> list[Any]:
    """The answers, in the order of the calls, each in a thread of its own. Raises: AssertionError for a crash.

    503 is no outcome: nothing was done, for there was no connection or a lock took too long; as it says when to come
    again (``Retry-After``), that is done. A busy machine makes a test slower so, and nothing else.
    """
    start = Barrier(len(calls))

    def go(call: Call) -> Any:
        start.wait()
        until = time.monotonic() + PATIENCE_S
        while (answer := call()) is not None and answer.status_int == 503 and time.monotonic() < until:
            assert int(answer.headers["Retry-After"]) > 0
            time.sleep(0.1)
        assert answer is None or answer.status_int < 500, answer.text
        return answer

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(go, calls))


def statuses_at_once(*calls: Call) -> Counter[int]:
    """How often each status was answered."""
    return Counter(answer.status_int for answer in at_once(*calls))
