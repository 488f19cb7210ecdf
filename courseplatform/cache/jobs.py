"""Changing a topic's token when its writer could not."""

from datetime import datetime

from pyramid.request import Request


def change_topics(request: Request, *, topics: str, hold: str, until_at: datetime) -> None:
    """Tell Redis what it was not told, or has learnt late: then the hold is there too.

    From ``until_at`` on there is nothing left that was kept before.
    Raises: RedisError; then it is tried again.
    """
    tokens = request.registry["cache.tokens"]
    if tokens is not None and request.registry["clock"]() < until_at:
        tokens.change(topics.split(" "), hold)
