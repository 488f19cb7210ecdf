"""Load by wrk: as many requests as a system answers, over some connections that are kept."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("load.lua")
#: More than a run of wrk may have under way when it ends: no number is given twice.
UNDER_WAY = 1_000


@dataclass(frozen=True)
class Load:
    requests: int
    duration_s: float
    p50_ms: float
    p99_ms: float

    @property
    def per_s(self) -> float:
        return self.requests / self.duration_s


class WrongAnswers(Exception):
    """What was answered is not what was asked for: such a measurement says nothing."""


def wrk() -> str:
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    return found


class Requests:
    """A file of requests, which are sent in turn; each run goes on where the one before has ended."""

    def __init__(self, file: Path, requests: list[bytes], status: int, connections: int) -> None:
        self.file, self.status, self.connections, self.next = file, status, connections, 0
        file.write_bytes(b"".join(request + b"\1" for request in requests))

    def send(self, url: str, seconds: float) -> Load:
        """Raises: WrongAnswers."""
        options = {
            "--threads": 1,
            "--connections": self.connections,
            "--duration": f"{max(1, round(seconds))}s",  # it knows no parts of them
            "--timeout": "10s",
            "--script": SCRIPT,
        }
        given = [*(part for option in options.items() for part in option), url, "--", self.file, self.next, self.status]
        said = subprocess.run([wrk(), *map(str, given)], capture_output=True, text=True, check=True).stdout
        told = json.loads(said.strip().splitlines()[-1])
        self.next += told["requests"] + UNDER_WAY
        if told["wrong"] or told["lost"]:
            raise WrongAnswers(f"{url}, {self.file.stem}: {told}")
        return Load(told["requests"], told["duration_us"] / 1e6, told["p50_us"] / 1e3, told["p99_us"] / 1e3)
