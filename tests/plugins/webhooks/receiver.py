"""A receiver of webhooks: real HTTP on a real port, which a test can make fail."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook as Verifier

Answer = Callable[["Handler"], None]


@dataclass
class Got:
    """One request that came. ``at_s``: when, by a clock that only goes on."""

    path: str
    headers: dict[str, str]
    body: bytes
    at_s: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """The payload, if the official library of Standard Webhooks believes it."""
        return Verifier(secret).verify(self.body, self.headers)


class Handler(BaseHTTPRequestHandler):
    """Hands what comes to its ``Receiver``."""

    receiver: "Receiver"
    timeout = 10

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.receiver.lock:
            self.receiver.got.append(Got(self.path, headers, body))
            answer = self.receiver.answers.pop(0) if self.receiver.answers else self.receiver.otherwise
        with suppress(OSError):
            answer(self)

    do_GET = do_POST  # noqa: N815

    def log_message(self, *args: Any) -> None:
        pass


def status(code: int, **headers: str) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def hang(handler: Handler) -> None:
    """Say nothing until the other side goes."""
    while handler.connection.recv(1_000):
        pass


def flood(handler: Handler) -> None:
    """A body without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(10_000):
        handler.wfile.write(b"x" * 100_000)


def slowly(wait_s: float, then: Answer | None = None) -> Answer:
    def answer(handler: Handler) -> None:
        time.sleep(wait_s)
        (then or status(204))(handler)

    return answer


class Receiver:
    """``answers``: what it does with the next requests; ``otherwise``: with all others. ``got``: what came."""

    def __init__(self) -> None:
        handler = type("Mine", (Handler,), {"receiver": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.port: int = self.server.server_address[1]
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        self.reset()

    def reset(self) -> None:
        self.got: list[Got] = []
        self.answers: list[Answer] = []
        self.otherwise: Answer = status(204)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(timeout=5)
