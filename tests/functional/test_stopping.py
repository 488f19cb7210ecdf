"""How ``pserve`` ends, and what it refuses before the application sees it."""

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.functional.platform import Platform

LOGIN = {"username": "nobody", "password": "a long enough passphrase"}


def test_a_body_that_is_far_too_large_is_refused_before_it_is_sent(platform: Platform) -> None:
    head = b"POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", platform.port), timeout=5) as connection:
        connection.sendall(head)
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_every_request_that_came_before_sigterm_is_answered(platform: Platform) -> None:
    def sign_in(number: int) -> int:
        return requests.post(platform.url + "/api/auth/login/", json=LOGIN, timeout=30).status_code

    process = platform.process
    assert process is not None
    with ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(sign_in, number) for number in range(12)]
        time.sleep(0.1)  # all are sent, and eight threads are hashing
        process.send_signal(signal.SIGTERM)
        assert {answer.result() for answer in answers} <= {401, 429, 503}  # answered, be it that all are busy
    assert process.wait(timeout=30) == 0
    platform.process = None


def test_who_has_connected_when_nobody_more_is_let_in_is_answered(platform: Platform) -> None:
    if platform.process is None:
        platform.start()
    cut: list[str] = []

    def call() -> int:
        """Anew each time, until it is refused. How often it was answered."""
        count = 0
        while True:
            with socket.socket() as connection:
                connection.settimeout(10)
                try:
                    connection.connect(("127.0.0.1", platform.port))
                except ConnectionRefusedError:
                    return count
                try:
                    connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    answer = connection.recv(1000)
                except ConnectionError as error:
                    answer = repr(error).encode()
            if not answer.startswith(b"HTTP/1.1 200 "):
                cut.append(answer.decode() or "nothing")
            count += 1

    process = platform.process
    assert process is not None
    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(call) for _ in range(8)]
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert all(client.result() for client in clients)
    assert cut == []
    assert process.wait(timeout=30) == 0
    platform.process = None
