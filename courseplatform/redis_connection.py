"""Redis as the platform asks it: no wait is longer than ``TIMEOUT_S``."""

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_S = 1.0


def bounds() -> dict[str, Any]:
    """Of a connection: without retries, since each would wait anew."""
    return {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S, "retry": Retry(NoBackoff(), 0)}


def connect(url: str) -> Redis:
    return Redis.from_url(url, **bounds())
