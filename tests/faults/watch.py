"""Who looks on while things go wrong: at ``/health/``, and at what the webhook is sent."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

EVERY_S = 0.2


class Health(threading.Thread):
    """Asks ``/health/live`` of one process again and again. ``slowest_s`` is its slowest answer."""

    def __init__(self, app: Any) -> None:
        super().__init__(daemon=True)
        self.app, self.is_over = app, threading.Event()
        self.statuses: Counter[int] = Counter()
        self.slowest_s = 0.0

    def run(self) -> None:
        while not self.is_over.wait(EVERY_S):
            began = time.monotonic()
            try:
                self.statuses[self.app.ask("/health/live", timeout_s=15)] += 1
            except requests.ConnectionError:
                continue  # not there: whether it has to be, the scenario knows
            except requests.Timeout:
                self.statuses[0] += 1
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)


class Receiver:
    """A webhook's receiver. ``received``: how often each event came."""

    def __init__(self) -> None:
        received: Counter[str] = Counter()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received[json.loads(body)["id"]] += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.received = received
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
