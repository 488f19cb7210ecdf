"""The platform as it runs in production, with worker, scheduler and Redis, and all that its processes write."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from courseplatform.testing import fresh_database
from tests.functional.gateway import Production
from tests.functional.platform import ROOT, START_TIMEOUT_S
from tests.redis_server import RedisServer

PLUGIN = "tests.functional.clumsy"


class Watched(Production):
    def __init__(self, folder: Path, database_url: str, **variables: str) -> None:
        self.redis = RedisServer(folder)
        self.redis.start()
        super().__init__(
            folder,
            database_url,
            REDIS_URL=self.redis.url,
            COURSEPLATFORM_JOBS_IN_PROCESS="false",
            PYTHONPATH=str(ROOT),
            PYTHONUNBUFFERED="1",
            PYTHONWARNINGS="ignore:pkg_resources",  # as in the image
            **variables,
        )
        text = self.ini.read_text()
        text = text.replace("    plugins.webhooks\n", f"    plugins.webhooks\n    {PLUGIN}\n", 1)
        self.ini.write_text(text.replace("[logger_workers]\nlevel = WARNING", "[logger_workers]\nlevel = INFO", 1))
        self.engine = sa.create_engine(database_url)
        self.processes: list[subprocess.Popen[bytes]] = []

    def run_all(self) -> None:
        """What the image and docker-compose.yml run."""
        self.begin("courseplatform", "migrate", self.ini).wait(120)
        self.begin("pserve", "-q", self.ini)
        self.begin("courseplatform", "worker", self.ini)
        self.begin("courseplatform", "scheduler", self.ini)
        self.wait_until(lambda: "serving " in self.log.read_text(), 3 * START_TIMEOUT_S)

    def begin(self, program: str, *arguments: Any) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            line = [self.script(program), *arguments]
            process = subprocess.Popen(line, env=self.environ, stdout=log, stderr=subprocess.STDOUT)
        self.processes.append(process)
        return process

    def end_all(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(60)
        self.redis.kill()
        self.engine.dispose()

    def wait_until(self, is_so: Callable[[], Any], timeout_s: float = 120) -> Any:
        until = time.monotonic() + timeout_s
        while not (found := is_so()):
            assert time.monotonic() < until, self.log.read_text()[-5000:]
            time.sleep(0.05)
        return found

    def lines(self, **wanted: Any) -> list[dict[str, Any]]:
        """Of all processes so far, with these values: ``event_dataset="courseplatform.access"``."""
        found = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        fields = {name.replace("__", "/").replace("_", ".").replace("/", "_"): value for name, value in wanted.items()}
        return [line for line in found if all(line.get(name) == value for name, value in fields.items())]

    def wait_for(self, **wanted: Any) -> dict[str, Any]:
        """The last such line."""
        return self.wait_until(lambda: self.lines(**wanted))[-1]

    def plain_lines(self) -> list[str]:
        """What is no JSON, but for what `migrate` answers to the one who runs it."""
        lines = self.log.read_text().splitlines()
        return [line for line in lines if not line.startswith(("{", "The schema is at"))]

    def jobs_done(self) -> bool:
        """Whether all jobs that are due were tried."""
        waiting = "SELECT count(*) FROM outbox WHERE done_at IS NULL AND last_error IS NULL AND due_at <= now()"
        with self.engine.connect() as connection:
            return not connection.scalar(sa.text(waiting))


@contextmanager
def watched(server_url: str, **variables: str) -> Iterator[Watched]:
    made = None
    with (
        tempfile.TemporaryDirectory(prefix="courseplatform-watched-", ignore_cleanup_errors=True) as folder,
        fresh_database(server_url) as url,
    ):
        try:
            made = Watched(Path(folder), url, **variables)
            made.run_all()
            yield made
        finally:
            if made is not None:
                made.end_all()
