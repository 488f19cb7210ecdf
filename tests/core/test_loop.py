"""Who reads and who answers, by a waitress with a small application."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from threading import Event, current_thread
from typing import Any

import pytest

from courseplatform.server import loop
from courseplatform.server.draining import Stopping
from courseplatform.server.options import read_options
from courseplatform.server.process import Process

#: Not so long that the loop would be relieved.
WAIT_S = 0.8 * loop.PATIENCE_S


class Served:
    """A process with three threads beside its loop, which answers by whom it does. ``go_on`` ends what is slow."""

    def __init__(self) -> None:
        self.go_on, self.entered, self.stopping = Event(), Event(), Stopping()
        options = read_options({"host": "127.0.0.1", "port": "0", "threads": "4"})
        self.process = Process(self.answer, options, self.stopping)
        self.pool = ThreadPoolExecutor(20)
        self.ended: Future[None] = self.pool.submit(self.process.run)

    def answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            self.entered.set()
            self.go_on.wait(10)
        if environ["PATH_INFO"] == "/waiting":
            time.sleep(WAIT_S)
        body = [current_thread().name.partition("-")[0].encode()]
        if environ["PATH_INFO"] == "/long":  # two pieces, each more than waitress keeps until somebody reads
            body = [body[0] * 5_000_000] * 2
        start_response("200 OK", [("Content-Length", str(sum(map(len, body))))])
        return body

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.process.listeners[0].effective_port

    def connect(self) -> HTTPConnection:
        return HTTPConnection(*self.address, timeout=10)

    def ask(self, path: str = "/", method: str = "GET") -> str:
        with closing(self.connect()) as connection:
            connection.request(method, path)
            return connection.getresponse().read().decode()


def answers_soon(served: Served) -> None:
    """The loop does, unless the machine has kept it from working."""
    until = time.monotonic() + 5
    while served.ask() != "loop":
        assert time.monotonic() < until


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.go_on.set()
    made.stopping.ask(is_hurried=True)
    made.ended.exception(10)
    made.pool.shutdown()


def test_what_only_asks_is_answered_by_who_read_it_and_what_writes_by_others(served: Served) -> None:
    answers_soon(served)
    assert served.ask(method="POST") == "waitress"


def test_a_slow_answer_holds_nobody_up_and_after_it_all_is_as_before(served: Served) -> None:
    slow = served.pool.submit(served.ask, "/slow")
    assert served.entered.wait(10)
    with closing(served.connect()) as kept:  # over a second, in which somebody else reads
        for _ in range(30):
            began = time.monotonic()
            kept.request("GET", "/")
            assert kept.getresponse().read() == b"waitress"
            assert time.monotonic() - began < 0.5
            time.sleep(0.04)
    assert not slow.done()
    served.go_on.set()
    assert slow.result(10) == "loop"
    answers_soon(served)


def test_what_comes_together_with_something_slow_is_handed_over(served: Served) -> None:
    asked = [served.pool.submit(served.ask, path) for path in ("/slow", *["/"] * 8)]
    assert served.entered.wait(10)
    assert {one.result(10) for one in asked[1:]} <= {"loop", "waitress"}
    assert not asked[0].done()


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["first", "behind another"])
@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nbad header", b"nonsense", b"GET / HTTP/1.1\nHost: x\rX: y"])
def test_what_can_t_be_read_is_refused_and_its_connection_closed(served: Served, before: bytes, head: bytes) -> None:
    with socket.create_connection(served.address, timeout=5) as connection:
        connection.sendall(before + head + b"\r\n\r\n")
        answers = b"".join(iter(lambda: connection.recv(9999), b""))
    assert answers.count(b"HTTP/1.") == (2 if before else 1) and b" 400 Bad Request" in answers
    answers_soon(served)


def test_what_follows_something_slow_on_a_connection_is_answered_right_after_it(served: Served) -> None:
    with socket.create_connection(served.address, timeout=5) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert served.entered.wait(10)
        time.sleep(5 * loop.PATIENCE_S)
        served.go_on.set()
        answers, bodies = b"", []
        while len(bodies) < 2:
            answers += connection.recv(9999)
            bodies = re.findall(rb"\r\n\r\n(loop|waitress)", answers)
        assert bodies == [b"loop", b"waitress"]  # the loop would wait until it may read again


def test_those_who_wait_for_others_wait_side_by_side_and_nobody_for_all_of_them(served: Served) -> None:
    asked = [served.pool.submit(served.ask, "/waiting") for _ in range(18)]
    assert served.ask(method="POST") == "waitress"
    assert [one.result(10) for one in asked].count("waitress") > 9


def test_who_reads_slowly_is_sent_all_while_others_are_answered(served: Served) -> None:
    with closing(served.connect()) as slow:
        slow.request("GET", "/long")
        time.sleep(0.2)  # the buffers of the connection are full: the rest is sent when it reads
        assert served.ask() in ("loop", "waitress")
        assert slow.getresponse().read() == b"loop" * 10_000_000
    assert served.ask() in ("loop", "waitress")


def test_the_end_is_asked_for_while_the_loop_answers_and_it_is_waited_for(served: Served) -> None:
    slow = served.pool.submit(served.ask, "/slow")
    assert served.entered.wait(10)
    served.stopping.ask()
    time.sleep(0.3)
    assert not served.ended.done()
    served.go_on.set()
    assert slow.result(10) == "loop"
    served.ended.result(10)


def test_an_idle_process_hears_at_once_that_it_is_to_end(served: Served) -> None:
    served.ask()
    time.sleep(0.2)
    began = time.monotonic()
    served.stopping.ask(is_hurried=True)
    served.ended.result(10)
    assert time.monotonic() - began < 0.7  # of which some belong to those who are connecting


def test_what_ends_the_loop_ends_the_process(served: Served) -> None:
    def fail(timeout_s: float, sockets: Any) -> None:
        raise OSError("no more descriptors")

    served.process.loop.poll = fail
    served.process.loop.wake()
    with pytest.raises(OSError, match="descriptors"):
        served.ended.result(10)
