"""How one process ends, by a waitress with a small application: who is let in, answered, waited for, told to go."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from threading import Event
from typing import Any

import pytest

from courseplatform.server import draining
from courseplatform.server.draining import Stopping
from courseplatform.server.options import read_options
from courseplatform.server.process import Process


class Ending:
    """A process with one thread; ``go_on`` lets its requests to ``/slow`` be answered."""

    def __init__(self, delay_s: int = 0) -> None:
        self.go_on, self.entered, self.stopping = Event(), Event(), Stopping()
        options = read_options({"host": "127.0.0.1", "port": "0", "threads": "1", "drain_delay_s": str(delay_s)})
        self.process = Process(self.answer, options, self.stopping)
        self.port = self.process.listeners[0].effective_port
        self.pool = ThreadPoolExecutor(20)
        self.ended: Future[None] = self.pool.submit(self.process.run)

    def answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        self.entered.set()
        if environ["PATH_INFO"] == "/slow":
            self.go_on.wait(10)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=10)


def ask(connection: HTTPConnection, path: str = "/") -> str | None:
    """What is said of the connection; it is answered."""
    connection.request("GET", path)
    with connection.getresponse() as answer:
        assert answer.read() == b"ok"
        return answer.headers["Connection"]


@pytest.fixture
def start() -> Iterator[Callable[..., Ending]]:
    with ExitStack() as stack:

        def begin(delay_s: int = 0) -> Ending:
            made = Ending(delay_s)
            stack.callback(made.pool.shutdown)
            stack.callback(made.stopping.ask, is_hurried=True)
            stack.callback(made.go_on.set)
            return made

        yield begin


def test_nothing_is_told_of_the_connection_before(start: Any) -> None:
    with closing(start().connect()) as kept:
        assert [ask(kept), ask(kept)] == [None, None]


def test_a_kept_connection_that_speaks_is_answered_and_told_to_go(start: Any) -> None:
    ending = start()
    with closing(ending.connect()) as kept, closing(ending.connect()) as other:
        assert ask(kept) is ask(other) is None
        ending.stopping.ask()
        time.sleep(draining.SILENCE_S / 3)
        assert ask(kept) == "close"
        ending.ended.result(10)  # the other's silence is over


@pytest.mark.parametrize("length", ["", "Content-Length: 0\r\n", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"])
def test_who_expects_to_be_told_to_go_on_is_answered_though_nothing_is_to_follow(start: Any, length: str) -> None:
    with socket.create_connection(("127.0.0.1", start().port), timeout=5) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{length}Expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(99).startswith(b"HTTP/1.1 400 " if "chunked" in length else b"HTTP/1.1 200 ")


def test_who_is_silent_holds_up_the_end_for_a_moment_and_who_is_gone_not_at_all(start: Any) -> None:
    ending = start()
    with closing(ending.connect()) as gone:
        ask(gone)
    began = time.monotonic()
    ending.stopping.ask()
    ending.ended.result(draining.SILENCE_S)
    assert time.monotonic() - began < draining.SILENCE_S


def test_what_is_in_work_queued_or_not_yet_let_in_is_answered(start: Any) -> None:
    ending = start()
    ending.process.server.adj.connection_limit = 8  # of which four are what it listens to
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(ending.connect())) for _ in range(12)]
        answers = [ending.pool.submit(ask, connection, "/slow") for connection in connections]
        assert ending.entered.wait(10)
        time.sleep(0.3)
        ending.stopping.ask()
        time.sleep(0.3)
        assert not any(answer.done() for answer in answers)
        ending.go_on.set()
        assert [answer.result(10) for answer in answers] == ["close"] * 12
        ending.ended.result(10)


def test_nobody_is_let_in_after(start: Any) -> None:
    ending = start()
    with closing(ending.connect()) as kept:
        ask(kept)
        ending.stopping.ask()
        time.sleep(0.3)
        with closing(ending.connect()) as late, pytest.raises(ConnectionRefusedError):
            ask(late)


def test_with_a_delay_whoever_comes_is_served_meanwhile_unless_others_do_so(start: Any) -> None:
    ending = start(delay_s=30)
    ending.stopping.ask()
    time.sleep(0.3)
    with closing(ending.connect()) as late:
        assert ask(late) == "close"
    ending.stopping.ask(is_hurried=True)
    ending.ended.result(10)


def test_what_is_never_answered_ends_after_a_while(start: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setattr(draining, "DRAIN_S", 0.5)
    ending = start()
    with closing(ending.connect()) as stuck:
        stuck.request("GET", "/slow")
        assert ending.entered.wait(10)
        ending.stopping.ask()
        time.sleep(1)
        assert "although requests are not answered" in caplog.text
        ending.go_on.set()
        ending.ended.result(10)
