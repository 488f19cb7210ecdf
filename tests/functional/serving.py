"""``courseplatform serve``: several processes of a platform as it runs in production."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.functional.gateway import Production


def wait_until(is_so: Callable[[], Any], timeout_s: float = 60) -> None:
    until = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < until, f"not within {timeout_s} s"
        time.sleep(0.05)


def is_running(process_id: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def ask(connection: HTTPConnection) -> tuple[int, str | None]:
    """What is said of it, and of the connection."""
    connection.request("GET", "/health/live")
    with connection.getresponse() as answer:
        answer.read()
        return answer.status, answer.headers["Connection"]


@contextmanager
def kept_connection(port: int) -> Iterator[HTTPConnection]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as made:
        assert ask(made) == (200, None)
        yield made


class Serving(Production):
    def __init__(self, folder: Path, database_url: str, processes: int = 2, **variables: str) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder, database_url, **variables)
        self.processes = processes

    def command(self) -> list[Any]:
        return [self.script("courseplatform"), "serve", self.ini, "--processes", str(self.processes)]

    def start(self) -> None:
        """Returns when all of its processes serve."""
        super().start()
        wait_until(lambda: self.says(f"{self.processes} processes serve"))

    def says(self, words: str) -> bool:
        """Whether its log does."""
        return words in self.log.read_text()

    @property
    def id(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def children(self) -> list[int]:
        return [int(each) for each in Path(f"/proc/{self.id}/task/{self.id}/children").read_text().split()]

    def kill(self) -> None:
        """The supervisor at once; its processes see it and end."""
        if self.process is not None:
            children = self.children if self.process.poll() is None else []
            self.process.kill()
            self.process.wait()
            wait_until(lambda: not any(map(is_running, children)))
            self.process = None
