"""The systems that are compared, each as it runs in production, with two processes and a database of its own."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.functional.platform import free_port
from tests.functional.serving import Serving, wait_until
from tests.redis_server import RedisServer

from .rivals import HERE, RIVALS, Rival

PLATFORM = "platform"
START_TIMEOUT_S = 60
#: Limits are counted, and nobody reaches them: wrk asks for a thousand people at once.
MANY = "10000000/minute"
UNLIMITED = {
    f"COURSEPLATFORM_LIMITS_{name}": MANY for name in ("READS", "WRITES", "SIGN_IN", "SIGN_IN_ADDRESS", "REGISTRATION")
}
PRODUCTION = {
    "COURSEPLATFORM_JOBS_IN_PROCESS": "false",
    "COURSEPLATFORM_ACCOUNTS_ACCESS_TOKEN_TTL_S": "86400",  # they sign in once
    **UNLIMITED,
}


@dataclass(frozen=True)
class System:
    """``process_id``: it and all beneath it serve. ``working``: while it is entered, what waits for workers is done; it
    gives the ids of their processes."""

    name: str
    url: str
    process_id: int
    database_url: str
    working: Callable[[], AbstractContextManager[list[int]]] = lambda: nullcontext([])


@contextmanager
def running_platform(folder: Path, database_url: str, processes: int) -> Iterator[System]:
    """With metrics, logs, rate limits and Redis. Workers run elsewhere, but while they are what is measured."""
    folder.mkdir()
    redis = RedisServer(folder)
    redis.start()
    platform = Serving(folder, database_url, processes, REDIS_URL=redis.url, **PRODUCTION)

    @contextmanager
    def working() -> Iterator[list[int]]:
        redis.wipe()
        with (folder / "workers.log").open("ab") as log:
            commands = (["worker", platform.ini, "--processes", str(processes)], ["scheduler", platform.ini])
            started = [
                subprocess.Popen(
                    [platform.script("courseplatform"), *command], env=platform.environ, stdout=log, stderr=log
                )
                for command in commands
            ]
        try:
            wait_until(lambda: str(redis.keys()).count("rq:worker:") >= processes)
            yield [process.pid for process in started]
        finally:
            end(*started)

    try:
        platform.start()
        yield System(PLATFORM, platform.url, platform.id, database_url, working)
    finally:
        platform.stop()
        redis.kill()


@contextmanager
def running_rival(rival: Rival, folder: Path, database_url: str, processes: int) -> Iterator[System]:
    port = free_port()
    argv, variables = rival.command(port, database_url, processes)
    said = folder.with_suffix(".log")
    with said.open("ab") as log:
        process = subprocess.Popen(argv, env=variables, cwd=HERE / rival.folder, stdout=log, stderr=log)
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + START_TIMEOUT_S
    try:
        while True:
            try:
                requests.get(f"{url}/api/courses/?limit=1", timeout=5).raise_for_status()
                break
            except requests.RequestException as error:
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"{rival.name} does not start: {said.read_text()}") from error
                time.sleep(0.1)
        yield System(rival.name, url, process.pid, database_url)
    finally:
        end(process)


def end(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()


def starters() -> dict[str, Callable[[Path, str, int], AbstractContextManager[System]]]:
    """By name, the platform first: ``(folder, database_url, processes)``."""
    found = {PLATFORM: running_platform}
    for rival in RIVALS:
        found[rival.name] = lambda *given, rival=rival: running_rival(rival, *given)
    return found
