"""Redis as the platform asks it: no wait is longer than ``TIMEOUT_S``, and who fails one is left alone by all."""

import logging
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from .pausing import Pausing

log = logging.getLogger(__name__)

TIMEOUT_S = 1.0


def bounds() -> dict[str, Any]:
    """Of a connection: without retries, since each would wait anew."""
    return {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S, "retry": Retry(NoBackoff(), 0)}


def connect(url: str) -> Redis:
    return Redis.from_url(url, **bounds())


class Dispensable(Pausing):
    """The Redis of one process, for those who can do without it.

    They share it, so that no request waits for it twice: not for its limits, and then for its jobs.
    """

    def ask(self, method: Callable[..., Any], *arguments: Any) -> Any:
        """What the method answers; None while Redis fails."""
        if not self.may_ask():
            return None
        try:
            answer = method(*arguments)
        except RedisError as error:
            self.has_failed()
            told = "jobs wait for the relay, each process limits rates by its own counts, no answers are shared"
            log.error("Redis fails (%s): %s", type(error).__name__, told)
            return None
        if self.has_answered():
            log.warning("Redis answers again")
        return answer
