"""Clients that read and write, one after the other, and a ledger of what they were told.

They forgive nothing: none repeats a request, and one that keeps its connection writes to it without looking whether it
has been closed meanwhile. So a server that closes carelessly is seen.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from uuid import uuid4

Connect = Callable[[], HTTPConnection]
#: Between two requests of a client: a server that is starting needs the processors too.
PAUSE_S = 0.1
#: What, and whether its connection is kept.
KINDS = [(what, is_kept) for what in ("GET", "POST", "keyed POST") for is_kept in (True, False)]


class Load:
    """``connect`` makes connections to the platform; ``token`` is that of someone who may make courses."""

    def __init__(self, connect: Connect, token: str) -> None:
        self.connect, self.token, self.stopped = connect, token, Event()
        self.answered: Counter[tuple[str, bool]] = Counter()
        self.failures: list[str] = []
        #: Titles of courses that were made, as their clients were told.
        self.acknowledged: list[str] = []
        self.threads = [Thread(target=self.call, args=kind, name=str(kind)) for kind in KINDS]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(timeout=30)

    def go_on(self, count: int = 5) -> None:
        """Until every kind of client has been answered so many times more, or has failed."""
        before, until = Counter(self.answered), time.monotonic() + 60
        while not self.failures and any(self.answered[kind] < before[kind] + count for kind in KINDS):
            assert time.monotonic() < until, f"too slow: {self.answered - before}"
            time.sleep(0.02)

    def call(self, what: str, is_kept: bool) -> None:
        connection = self.connect()
        while not self.stopped.wait(PAUSE_S):
            try:
                status, title = self.send(connection, what, is_kept)
            except (OSError, HTTPException) as error:
                self.failures.append(f"{what}, {is_kept=}: {error!r}")
                connection.close()
                continue
            self.answered[what, is_kept] += 1
            if status not in (200, 201):
                self.failures.append(f"{what}, {is_kept=}: {status}")
            elif status == 201:
                self.acknowledged.append(title)
        connection.close()

    def send(self, connection: HTTPConnection, what: str, is_kept: bool) -> tuple[int, str]:
        headers, title = {"Authorization": f"Bearer {self.token}", "Host": "courses.test"}, uuid4().hex
        if not is_kept:
            headers["Connection"] = "close"
        if what == "GET":
            connection.request("GET", "/api/courses/?limit=5", headers=headers)
        else:
            headers["Content-Type"] = "application/json"
            if what == "keyed POST":
                headers["Idempotency-Key"] = str(uuid4())
            connection.request("POST", "/api/courses/", json.dumps({"title": title}), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, title
