"""Tokens of topics, and the holds of those who change them: see the package for why this is right.

Times are Redis' own: the clocks of our machines may differ.
"""

import secrets
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..redis_connection import Dispensable, connect

PREFIX = "courseplatform:cache"
#: How long a writer keeps readers off that does not come back: longer than any COMMIT of ours is waited for.
HOLD_S = 60
#: So long a token stays that nobody changes: with a new one, answers are made anew, and nothing else.
TOKEN_S = 24 * 3600

#: KEYS: token and holds of each topic, and what is to be read under them. ARGV: a token for those that have none, and
#: how long it stays. Answers the server's run, the tokens and what is kept, or nil.
READ = """
local now, answer = redis.call('TIME')[1], {string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')}
for i = 1, #KEYS - 1, 2 do
  if redis.call('ZCOUNT', KEYS[i + 1], now, '+inf') > 0 then return false end
  local token = redis.call('GET', KEYS[i])
  if not token then
    token = ARGV[1]
    redis.call('SET', KEYS[i], token, 'EX', ARGV[2])
  end
  answer[#answer + 1] = token
end
answer[#answer + 1] = redis.call('GET', KEYS[#KEYS])
return answer
"""
#: ARGV: the new token, whose hold, how long that lasts (0 takes it away), how long the token stays.
CHANGE = """
local now = tonumber(redis.call('TIME')[1])
for i = 1, #KEYS, 2 do
  redis.call('SET', KEYS[i], ARGV[1], 'EX', ARGV[4])
  redis.call('ZREMRANGEBYSCORE', KEYS[i + 1], '-inf', now - 1)
  if ARGV[3] == '0' then
    redis.call('ZREM', KEYS[i + 1], ARGV[2])
  else
    redis.call('ZADD', KEYS[i + 1], now + ARGV[3], ARGV[2])
    redis.call('EXPIRE', KEYS[i + 1], 2 * ARGV[3])
  end
end
return 1
"""


class Hold(NamedTuple):
    """What a writer has to take away after its COMMIT. ``is_told``: Redis has answered; else it may learn of it yet."""

    name: str
    topics: Sequence[str]
    is_told: bool


class Tokens:
    def __init__(self, url: str, redis: Dispensable) -> None:
        self.redis, self.connection = redis, connect(url)
        self.reading, self.changing = self.connection.register_script(READ), self.connection.register_script(CHANGE)

    def read(self, topics: Iterable[str], key: str) -> tuple[bytes | None, bytes | None]:
        """Their tokens, None while one of them is being written; and what is kept at ``key``. Raises: RedisError."""
        found = self.reading([*keys(topics), key], [new_token(), TOKEN_S])
        return (b" ".join(found[:-1]), found[-1]) if found else (None, None)

    def hold(self, topics: Sequence[str]) -> Hold:
        """Change the tokens and keep readers off, until ``release``."""
        name = new_token()
        is_told = self.redis.ask(self.changing, keys(topics), [new_token(), name, HOLD_S, TOKEN_S])
        return Hold(name, topics, bool(is_told))

    def release(self, held: Hold) -> None:
        self.redis.ask(self.change, held.topics, held.name)

    def change(self, topics: Iterable[str], hold: str = "") -> None:
        """So that nothing that was kept is found; and take a hold away. Raises: RedisError."""
        self.changing(keys(topics), [new_token(), hold, 0, TOKEN_S])


def keys(topics: Iterable[str]) -> list[str]:
    return [f"{PREFIX}:{kind}:{topic}" for topic in topics for kind in ("token", "holds")]


def new_token() -> str:
    return secrets.token_hex(8)
