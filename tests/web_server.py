"""A waitress in a thread of the tests."""

from contextlib import suppress
from typing import Any


def run_until_closed(server: Any) -> None:
    """``server.run``: its sockets may be closed under it, by another thread, when a test ends."""
    with suppress(OSError):
        server.run()
