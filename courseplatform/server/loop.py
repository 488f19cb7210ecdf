"""Reading and answering in one thread, as long as all is quick.

waitress reads in one thread and has others answer: for each request one wakes the other, and both want the interpreter,
which takes a quarter of the time of a small one. Here the *loop*, a thread of its own, answers itself what only asks
(GET and HEAD). The thread that would read instead watches it: if an answer takes longer than ``PATIENCE_S`` it reads in
its place, and all that comes goes to waitress' threads, until the loop is back. So nobody waits longer for who is slow.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Lock, Thread, get_ident
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, MultiSocketServer

log = logging.getLogger(__name__)

QUICK = ("GET", "HEAD")
PATIENCE_S = 0.02
#: After so long it reads again, whatever else is ready.
TURN_S = PATIENCE_S / 4
#: Turns that took so many times what they worked were mostly waiting; of those before, this share counts.
MOSTLY, KEPT = 6, 0.9
#: For so long it answers nothing then, at least: where many are slow, nobody waits for each of them.
RELIEF_S = 0.05
#: For how long a process that has let somebody in leaves the next one to others at the same socket.
LEAVE_S = 0.001


def sockets_of(server: Any) -> dict[int, Any]:
    """All that waitress listens to, by descriptor: ports, connections and what wakes it."""
    return server.map if isinstance(server, MultiSocketServer) else server._map


class Loop:
    """``baton``: who holds it reads. ``bell`` wakes who watches; a lock, since a signal may ring it at any moment.

    ``is_shared``: other processes listen at the same sockets.
    """

    def __init__(self, server: Any, *, is_shared: bool = False) -> None:
        self.server, self.is_shared, self.sockets = server, is_shared, sockets_of(server)
        self.timeout_s: float = server.adj.asyncore_loop_timeout
        self.listeners = [one for one in self.sockets.values() if isinstance(one, BaseWSGIServer)]
        self.poll = wasyncore.poll2 if server.adj.asyncore_use_poll else wasyncore.poll
        self.pull: Callable[[], None] = self.listeners[0].pull_trigger
        for listener in self.listeners:
            listener.pull_trigger = partial(self.wake_reader, listener.pull_trigger)
        server.task_dispatcher.set_thread_count(max(1, server.adj.threads - 1))  # the loop is one of them
        self.hand_over: Callable[[HTTPChannel], None] = server.task_dispatcher.add_task
        server.task_dispatcher.add_task = self.add_task
        self.baton, self.bell = Lock(), Lock()
        self.bell.acquire()
        self.thread = Thread(target=self.serve, name="loop", daemon=True)
        self.ident: int | None = None
        self.ready: deque[HTTPChannel] = deque()
        #: Of the answers at hand; 0 while there are none.
        self.busy_since_s, self.rounds = 0.0, 0
        #: Of the last turns.
        self.took_s = self.worked_s = 0.0
        self.hands_over_until_s = 0.0
        self.is_over = self.is_relieved = self.is_back = self.is_unwatched = False
        self.failure: BaseException | None = None
        self.accepts_at_s: float | None = None

    def wake(self) -> None:
        """Whoever reads, and who watches."""
        self.pull()
        self.ring()

    def ring(self) -> None:
        with suppress(RuntimeError):  # it rings already
            self.bell.release()

    # What waitress calls

    def wake_reader(self, pull: Callable[[], None]) -> None:
        """So that it looks anew at a channel: not by the loop, who will read next."""
        if get_ident() != self.ident or self.is_relieved:
            pull()

    def add_task(self, channel: HTTPChannel) -> None:
        if (
            get_ident() == self.ident
            and not self.is_relieved
            and channel.requests[0].command in QUICK
            and time.monotonic() >= self.hands_over_until_s
        ):
            self.ready.append(channel)
            if self.is_relieved:  # since just now: whoever relieves may not have seen this one
                self.hand_over_ready()
        else:
            self.hand_over(channel)

    # Reading, with the baton

    def read(self, timeout_s: float) -> None:
        """Wait for something, and take it in.

        Who has let somebody in leaves the next one to other processes for a moment: else who is awake already would be
        the first each time, and have all the connections that a client opens at once, as a proxy does.
        """
        if self.accepts_at_s is not None:
            left_s = self.accepts_at_s - time.monotonic()
            if left_s > 0:
                timeout_s = min(timeout_s, max(left_s, 0.001))  # it knows no parts of milliseconds
            else:
                self.accept()
        count = len(self.sockets)
        self.poll(timeout_s, self.sockets)
        if self.is_shared and len(self.sockets) > count:
            self.accepts_at_s = time.monotonic() + LEAVE_S
            for listener in self.listeners:
                listener.accepting = False

    def accept(self) -> None:
        self.accepts_at_s = None
        for listener in self.listeners:
            listener.accepting = True

    # The loop

    def serve(self) -> None:
        self.ident = get_ident()
        try:
            self.read_and_answer()
        except BaseException as error:
            self.failure = error
            self.ring()

    def read_and_answer(self) -> None:
        while not self.is_over:
            if not self.baton.acquire(blocking=False):
                self.is_back = True
                self.pull()
                while not self.baton.acquire(timeout=self.timeout_s):
                    if self.is_over:
                        return
                self.is_back = False
            try:
                if not self.is_over:
                    self.read(0 if self.ready else self.timeout_s)
            finally:
                self.baton.release()
            if self.ready:
                self.answer()

    def answer(self) -> None:
        """For a turn. If turns are mostly waiting, for the database say, what comes is for threads, to wait abreast."""
        began_s, worked_s = time.monotonic(), time.thread_time()
        self.busy_since_s = began_s
        if self.is_unwatched:
            self.ring()
        while time.monotonic() - began_s < TURN_S:
            try:
                channel = self.ready.popleft()
            except IndexError:
                break
            try:
                channel.service()
            except BaseException:
                log.exception("Exception when servicing %r", channel)
        self.busy_since_s, self.rounds = 0.0, self.rounds + 1
        now_s = time.monotonic()
        self.took_s = KEPT * self.took_s + now_s - began_s
        self.worked_s = KEPT * self.worked_s + time.thread_time() - worked_s
        if self.worked_s * MOSTLY < self.took_s:
            self.hands_over_until_s = now_s + RELIEF_S
            self.hand_over_ready()

    # Who watches it

    def watch(self, stopping: Any) -> None:
        """Until ``stopping``. Raises: what the loop did, which ends it."""
        self.thread.start()
        seen = 0
        while not stopping:
            if self.failure is not None:
                raise self.failure
            since_s = self.busy_since_s
            if since_s:
                left_s = since_s + PATIENCE_S - time.monotonic()
                if left_s > 0:
                    self.bell.acquire(timeout=left_s)
                else:
                    self.relieve(stopping)
            elif self.rounds != seen:
                seen = self.rounds
                self.bell.acquire(timeout=PATIENCE_S)
            else:  # nobody asks anything: the loop rings when somebody does
                self.is_unwatched = True
                if not self.busy_since_s:
                    self.bell.acquire(timeout=self.timeout_s)
                self.is_unwatched = False

    def relieve(self, stopping: Any) -> None:
        """Read until the loop is back."""
        self.is_relieved = True
        if self.baton.acquire(blocking=False):  # else the loop reads again
            try:
                self.read_instead(stopping)
            finally:
                self.baton.release()
        self.is_relieved = False

    def read_instead(self, stopping: Any) -> None:
        self.hand_over_ready()
        until = time.monotonic() + RELIEF_S
        while not stopping:
            left_s = until - time.monotonic()
            if left_s <= 0 and self.is_back:
                return
            self.read(min(left_s, self.timeout_s) if left_s > 0 else self.timeout_s)

    def hand_over_ready(self) -> None:
        with suppress(IndexError):
            while True:
                self.hand_over(self.ready.popleft())

    def join(self) -> None:
        """Wait for its last answer, as long as waitress waits for those of its threads."""
        if self.thread.is_alive():
            self.thread.join(5)

    def end(self) -> None:
        """From now on the caller reads, and waitress' threads answer."""
        if self.is_over:
            return
        self.is_over = self.is_relieved = True
        self.pull()
        self.baton.acquire()
        self.hand_over_ready()
        self.is_shared = False
        self.accept()
