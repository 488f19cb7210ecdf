"""Redis as the platform asks it: no wait is longer than ``TIMEOUT_S``, and one that fails is left alone for a while."""

import threading
import time
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_S = 1.0
#: How long a Redis that failed is left alone: one request in that time waits for it.
PAUSE_S = 5.0


def bounds() -> dict[str, Any]:
    """Of a connection: without retries, since each would wait anew."""
    return {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S, "retry": Retry(NoBackoff(), 0)}


def connect(url: str) -> Redis:
    return Redis.from_url(url, **bounds())


class Pausing:
    """Who asks Redis and can do without. ``away_until``: it failed, and is asked again from then on; 0: it answers."""

    def __init__(self) -> None:
        self.lock, self.away_until = threading.Lock(), 0.0

    def may_ask(self) -> bool:
        """Whether to ask now. Whoever comes while the first one tries again does not wait too."""
        with self.lock:
            now = time.monotonic()
            if now < self.away_until:
                return False
            if self.away_until:
                self.away_until = now + PAUSE_S
            return True

    def has_failed(self) -> None:
        with self.lock:
            self.away_until = time.monotonic() + PAUSE_S

    def has_answered(self) -> bool:
        """Whether it had failed before."""
        with self.lock:
            was_away, self.away_until = bool(self.away_until), 0.0
        return was_away
