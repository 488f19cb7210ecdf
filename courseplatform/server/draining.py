"""How a serving process ends: nothing that has come is lost.

What lies between a client's last answer and its next request can be lost all the same, where a connection is closed
just then. So whoever is answered is told to go (``Connection: close``), and who says nothing is waited for a moment.
"""

import logging
import select
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from .framing import OneLengthParser
from .loop import Loop
from .sockets import turn_newcomers_away

log = logging.getLogger(__name__)

#: How long requests that came before the end may take.
DRAIN_S = 25
#: How long whoever was connecting when nobody more was let in may take to have done so.
HANDSHAKE_S = 0.05
#: How long who is waiting may take to be let in: others may come to a shared socket for ever.
LET_IN_S = 1.0
#: How long a kept connection that is silent stays open: its client learns with the next answer that it should go.
SILENCE_S = 1.5


class Stopping:
    """True once this process shall end. ``is_hurried``: others serve already, so that nobody needs to be told first.

    A second signal ends it at once, if ``ends_at_second``: under a supervisor, systemd may well send both.
    """

    def __init__(self, ends_at_second: bool = False) -> None:
        self.is_asked, self.is_hurried, self.ends_at_second = False, False, ends_at_second
        self.wake: Callable[[], object] = lambda: None

    def hear_signals(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.hear)
        return self

    def __bool__(self) -> bool:
        return self.is_asked

    def hear(self, signum: int, frame: FrameType | None) -> None:
        if self.is_asked and self.ends_at_second:
            sys.exit(0)
        self.ask()

    def ask(self, is_hurried: bool = False) -> None:
        self.is_asked, self.is_hurried = True, self.is_hurried or is_hurried
        self.wake()


class LastAnswer(WSGITask):
    def build_response_header(self) -> bytes:
        if self.channel.stopping and len(self.channel.requests) <= 1:
            self.request.headers["CONNECTION"] = "close"  # as if the client had said so
        return super().build_response_header()


class Channel(HTTPChannel):
    parser_class, task_class = OneLengthParser, LastAnswer

    def __init__(self, *given: Any, stopping: Stopping, **kw: Any) -> None:
        self.stopping = stopping
        super().__init__(*given, **kw)

    @property
    def is_answering(self) -> bool:
        """Whether it has a request that is not answered to its last byte."""
        return bool(self.request or self.requests or self.total_outbufs_len)

    def is_awaited(self, since_s: float) -> bool:
        """Whether it is answering, or has been silent for too short a while ``since_s`` (of ``time.time``)."""
        return self.is_answering or time.time() < max(since_s, self.last_activity) + SILENCE_S


def run(loop: Loop, stopping: Stopping, delay_s: float) -> None:
    """Serve until asked to stop, then for ``delay_s`` more; then let nobody in, and answer what has come.

    waitress' own ``run`` stops with the signal, and drops what is queued or not yet sent.
    """
    is_shared = loop.is_shared
    loop.watch(stopping)
    loop.end()
    until = time.monotonic() + delay_s
    while not stopping.is_hurried and time.monotonic() < until:
        loop.read(0.1)
    let_in(loop, is_last=not is_shared)
    began_at_s, until = time.time(), time.monotonic() + DRAIN_S

    def open_channels() -> list[Channel]:
        loop.read(0)
        return [one for one in loop.sockets.values() if isinstance(one, Channel)]

    while time.monotonic() < until and any(channel.is_awaited(began_at_s) for channel in open_channels()):
        loop.read(0.1)
    channels = open_channels()
    if any(channel.is_answering for channel in channels):
        log.warning("stopping although requests are not answered after %d s", DRAIN_S)
    for channel in channels:
        channel.handle_close()


def let_in(loop: Loop, *, is_last: bool) -> None:
    """Accept whoever has connected, and nobody after. ``is_last``: nobody else accepts."""
    loop.server.adj.connection_limit = sys.maxsize  # who waits beyond it would be cut off
    newcomers, now = select.poll(), time.monotonic
    for listener in loop.listeners:
        newcomers.register(listener.socket, select.POLLIN)
        if is_last:
            turn_newcomers_away(listener.socket)
    until = now() + (HANDSHAKE_S if is_last else 0)
    while now() < until or (newcomers.poll(0) and now() < until + LET_IN_S):
        loop.read(0.001)
    for listener in loop.listeners:
        wasyncore.dispatcher.close(listener)  # not its own close(): that ends the trigger, which wakes this loop
