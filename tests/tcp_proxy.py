"""A TCP proxy of the tests' own: it delays, freezes and cuts connections, also at a moment that their content tells."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

CHUNK_BYTES = 64 * 1024
#: PostgreSQL's answer to COMMIT.
COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"


class TcpProxy:
    """Listens on ``port`` and passes on to ``target``, a port of this machine or the path of a socket.

    ``delay_s``: how long each piece waits. ``cuts``: asked about each piece of an answer; where it says yes the
    connection ends, and that piece has never been sent.
    """

    def __init__(self, target: int | str) -> None:
        self.target, self.delay_s = target, 0.0
        self.cuts: Callable[[bytes], bool] | None = None
        self.flows = threading.Event()
        self.flows.set()
        self.pairs: set[tuple[socket.socket, socket.socket]] = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, name=f"proxy {self.port}", daemon=True).start()

    def freeze(self) -> None:
        """Pass nothing on, and end nothing: as a cable that was pulled."""
        self.flows.clear()

    def thaw(self) -> None:
        self.flows.set()

    def cut(self) -> None:
        """End every connection."""
        for pair in list(self.pairs):
            self.end(pair)

    def close(self) -> None:
        end(self.listener)
        self.thaw()
        self.cut()

    def accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    def connect(self, client: socket.socket) -> None:
        self.flows.wait()
        try:
            server = connected(self.target)
        except OSError:
            end(client)
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = client, server
        self.pairs.add(pair)
        threading.Thread(target=self.pump, args=(client, server, pair, False), daemon=True).start()
        self.pump(server, client, pair, True)

    def pump(
        self, source: socket.socket, sink: socket.socket, pair: tuple[socket.socket, socket.socket], is_answer: bool
    ) -> None:
        with suppress(OSError):  # either side is gone
            while piece := source.recv(CHUNK_BYTES):
                if self.delay_s:
                    time.sleep(self.delay_s)
                self.flows.wait()
                if is_answer and self.cuts is not None and self.cuts(piece):
                    break
                sink.sendall(piece)
        self.end(pair)

    def end(self, pair: tuple[socket.socket, socket.socket]) -> None:
        self.pairs.discard(pair)
        for one in pair:
            end(one)


def end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


def connected(target: int | str) -> socket.socket:
    """Raises: OSError."""
    if isinstance(target, int):
        made = socket.create_connection(("127.0.0.1", target))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
    made = socket.socket(socket.AF_UNIX)
    made.connect(target)
    return made
