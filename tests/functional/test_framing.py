"""What is no HTTP, or two requests in one, at the very socket that ``pserve`` listens at (nginx: ``test_nginx``)."""

import random
import re
import socket
from contextlib import ExitStack, suppress

import pytest
import requests

from tests.functional.platform import Platform

HOST = b"Host: x\r\n"
JSON = HOST + b"Content-Type: application/json\r\n"
LOGIN = b"POST /api/auth/login/ HTTP/1.1\r\n" + JSON
SECOND = b"GET /api/?zqx81second HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
CHUNKED = LOGIN + b"Transfer-Encoding: chunked\r\n\r\n"
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


def of_length(length: bytes, body: bytes = b"{}") -> bytes:
    return LOGIN + b"Content-Length: " + length + b"\r\n\r\n" + body


#: Each is refused, or left without an answer: never understood.
UNREADABLE = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
    "random bytes": random.Random(1).randbytes(3_000) + b"\r\n\r\n",
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "NUL in the path": b"GET /api/\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a path of 100,000 bytes": b"GET /api/" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a query of 300,000 bytes": b"GET /api/?" + b"a" * 300_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a header of 300,000 bytes": b"GET /api/ HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 300_000 + b"\r\n\r\n",
    "20,000 headers": b"GET /api/ HTTP/1.1\r\n" + HOST + b"X: aaaaaaaaaa\r\n" * 20_000 + b"\r\n",
    "a header without a colon": b"GET /api/ HTTP/1.1\r\n" + HOST + b"nonsense\r\n\r\n",
    "a header without a name": b"GET /api/ HTTP/1.1\r\n" + HOST + b": a\r\n\r\n",
    "a blank before the colon": b"GET /api/ HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n",
    "NUL in a header": b"GET /api/ HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n",
    "a bare CR in a header": b"GET /api/ HTTP/1.1\r\n" + HOST + b"X: a\rY: b\r\n\r\n",
    "a negative length": of_length(b"-1"),
    "a length with a sign": of_length(b"+2"),
    "a length in hex": of_length(b"0x2"),
    "a length with an exponent": of_length(b"2e0"),
    "a length of other digits": of_length("２".encode()),
    "a length of two numbers": of_length(b"2 2"),
    "two lengths in one": of_length(b"2, 3"),
    "a length of 30 digits": of_length(b"9" * 30),
    "two lengths": LOGIN + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}" + SECOND,
    "chunks of another coding": LOGIN + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks that aren't last": LOGIN + b"Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks by another name": LOGIN + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a chunk that is no number": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "a chunk of negative size": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "a chunk in 0x": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk of 20 digits": CHUNKED + b"F" * 20 + b"\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than it says": CHUNKED + b"2\r\n{}{}{}\r\n0\r\n\r\n",
    "an endless size of a chunk": CHUNKED + b"0" * 300_000,
}

#: Requests that two servers would read differently, each with another one hidden in it or behind it.
SMUGGLING = {
    "length and chunks": LOGIN + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "chunks and length": LOGIN + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + SECOND,
    "chunks with a tab": LOGIN + b"Content-Length: 5\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + SECOND,
    "chunks, folded": LOGIN + b"Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "chunks twice": LOGIN + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + SECOND,
    "a blank before the colon": LOGIN + b"Content-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "chunks of HTTP/1.0": CHUNKED.replace(b"/1.1", b"/1.0").replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")
    + b"0\r\n\r\n"
    + SECOND,
    "chunks of chunks": LOGIN + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + SECOND,
}


def answers(platform: Platform, *parts: bytes, timeout_s: float = 5) -> bytes:
    """All that comes back until the server closes. Half closed: so that it need not wait for more."""
    found = b""
    with socket.create_connection(("127.0.0.1", platform.port), timeout=timeout_s) as connection:
        with suppress(OSError):  # it may close before it has read all
            for part in parts:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while chunk := connection.recv(65536):
                found += chunk
    return found


def statuses(answer: bytes) -> list[int]:
    return [int(found) for found in STATUS.findall(answer)]


@pytest.fixture(autouse=True)
def _is_well(platform: Platform) -> object:
    """Whatever came: the next one is served, and nobody's log has a traceback."""
    yield
    assert requests.get(platform.url + "/health/live", timeout=10).status_code == 200
    assert "Traceback" not in platform.log.read_text()


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_request_is_refused_without_an_echo(platform: Platform, sent: bytes) -> None:
    answer = answers(platform, sent)
    found = statuses(answer)
    assert found[:1] in ([], [400], [404], [411], [413], [414], [431], [501], [505]), answer[:300]
    assert b"zqx81second" not in answer
    assert sent[:30] not in answer


@pytest.mark.parametrize("sent", SMUGGLING.values(), ids=SMUGGLING)
def test_a_request_that_can_be_read_in_two_ways_has_one_answer_at_most_and_ends_the_connection(
    platform: Platform, sent: bytes
) -> None:
    found = statuses(answers(platform, sent))
    assert len(found) <= 1, found
    assert all(status < 500 or status in (501, 505) for status in found)


def test_a_body_in_chunks_is_a_body(platform: Platform) -> None:
    body = b'{"username": "a", "password": "b"}'
    chunks = b"".join(b"1;a=b\r\n%c\r\n" % byte for byte in body) + b"0\r\nX: y\r\n\r\n"
    assert statuses(answers(platform, CHUNKED + chunks)) == [401]
    assert statuses(answers(platform, CHUNKED + b"2\r\n[]\r\n0\r\n\r\n")) == [400]


@pytest.mark.parametrize("sent", [of_length(b"100"), CHUNKED + b"5\r\n{}", CHUNKED + b"2\r\n{}\r\n", LOGIN])
def test_what_ends_too_early_is_done_nothing_with(platform: Platform, sent: bytes) -> None:
    assert statuses(answers(platform, sent)) in ([], [400])


def test_twenty_requests_in_one_packet_have_twenty_answers_in_order(platform: Platform) -> None:
    paths = [f"/api/problems/{'not_found' if number % 3 else 'nothing'}/" for number in range(20)]
    sent = b"".join(b"GET " + path.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n" for path in paths)
    assert statuses(answers(platform, sent)) == [200 if "not_found" in path else 404 for path in paths]


def test_those_who_send_slowly_keep_nobody_waiting(platform: Platform) -> None:
    """More than there are threads: one is given a request when all of it is there."""
    with ExitStack() as stack:
        for number in range(40):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", platform.port), timeout=5))
            slow.sendall((LOGIN + b"Content-Length: 1000\r\n\r\n{")[: 20 + 5 * number])
        assert requests.get(platform.url + "/api/", timeout=5).status_code == 200
