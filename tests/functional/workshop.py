"""Workers, schedulers and a redis-server as processes, around one database."""

import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from courseplatform import main, migrations
from courseplatform.db import postgresql_url, script_request
from courseplatform.jobs import OutboxJob
from courseplatform.testing import fresh_database, without_environment
from tests.functional.platform import ROOT, Platform
from tests.functional.proof import POINTS
from tests.redis_server import RedisServer

LOGGING = """
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = line
[logger_root]
level = INFO
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = line
[formatter_line]
format = %(asctime)s %(process)d %(name)s %(message)s
"""


MANY = [f"job {number}" for number in range(20)]


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


class Workshop:
    def __init__(self, folder: Path, database_url: str, *, is_bypassed: bool = False) -> None:
        self.folder, self.ini, self.log = folder, folder / "workshop.ini", folder / "workshop.log"
        self.redis = RedisServer(folder)
        self.redis.start()
        settings = {
            "courseplatform.plugins": "tests.functional.proof",
            "courseplatform.var_dir": f"{folder}/var",
            "database.url": postgresql_url(database_url),
            "redis.url": self.redis.url,
            "http.base_url": "https://courses.test",
            "mail.folder": f"{folder}/mail",
            "jobs.in_process": "false",
            "jobs.time_limit_s": "7",
            "jobs.memory_limit_mib": "512",
            "proof.bypass": str(is_bypassed),
        }
        lines = [f"{name} = {value}".replace("%", "%%") for name, value in settings.items()]
        self.ini.write_text("\n".join(["[app:main]", "use = egg:courseplatform", *lines, LOGGING]))
        self.engine = sa.create_engine(settings["database.url"])
        with self.engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE proof_effects (name text)"))
        with without_environment():
            self.registry = main({}, **settings).registry
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """``courseplatform COMMAND workshop.ini …``, in the background."""
        name, *options = command
        with self.log.open("ab") as log:
            line = [Platform.script("courseplatform"), name, self.ini, *options]
            process = subprocess.Popen(line, env=self.environ(), stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def command(self, *arguments: Any, program: str = "courseplatform") -> str:
        """What a command prints."""
        line = [Platform.script(program), *arguments]
        return subprocess.run(line, env=self.environ(), capture_output=True, text=True, timeout=60, check=True).stdout

    def environ(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("COURSEPLATFORM_", "DATABASE_", "REDIS_"))}
        return {**kept, "PYTHONPATH": str(ROOT), "PROOF_FOLDER": str(self.folder)}

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes:
            process.wait(20)
        self.redis.kill()
        self.registry["db.engine"].dispose()
        self.engine.dispose()

    def enqueue(self, fn: Any, *names: str) -> None:
        with script_request(self.registry) as request:
            for name in names:
                request.enqueue(fn, name=name)

    def pause_at(self, points: Iterable[str] = POINTS) -> None:
        (self.folder / "go-on").unlink(missing_ok=True)
        for point in points:
            (self.folder / f"at-{point}").unlink(missing_ok=True)
            (self.folder / f"pause-{point}").touch()

    def paused(self, points: Iterable[str] = POINTS) -> list[tuple[int, int]]:
        """The processes that are held up, as (work-horse, worker), once there is one at each point."""
        found = [self.folder / f"at-{point}" for point in points]
        self.wait_until(lambda: all(path.exists() for path in found))
        return [tuple(map(int, path.read_text().split())) for path in found]

    def go_on(self) -> None:
        """Whoever is held up and lives is so no longer."""
        (self.folder / "go-on").touch()

    def end_leases(self) -> None:
        """Spare us the lease of what nobody runs any more; by itself it ends within two minutes."""
        is_undone = "WHERE done_at IS NULL AND dead_at IS NULL"
        with self.engine.begin() as connection:
            longest = connection.scalar(sa.text(f"SELECT max(take_at) - now() FROM outbox {is_undone}"))
            assert longest is None or longest < timedelta(minutes=2)
            connection.execute(sa.text(f"UPDATE outbox SET take_at = now() {is_undone}"))

    def effects(self) -> Counter[str]:
        with self.engine.connect() as connection:
            rows = connection.scalars(sa.text("SELECT name FROM proof_effects WHERE name <> 'tick'"))
            return Counter(rows)

    def jobs(self, *conditions: Any) -> list[OutboxJob]:
        with script_request(self.registry) as request:
            is_tick = OutboxJob.name.like("%.tick")
            return list(request.db.scalars(sa.select(OutboxJob).where(~is_tick, *conditions)))

    def undone(self) -> list[OutboxJob]:
        return self.jobs(OutboxJob.done_at.is_(None), OutboxJob.dead_at.is_(None))

    def wait_until(self, is_so: Callable[[], Any], timeout_s: float = 120) -> float:
        """The seconds that it took."""
        began = time.monotonic()
        while not is_so():
            took = time.monotonic() - began
            assert took < timeout_s, f"not within {timeout_s} s:\n" + self.log.read_text()[-5000:]
            time.sleep(0.05)
        return time.monotonic() - began

    def wait_for_all(self, names: Iterable[str], timeout_s: float = 120) -> float:
        """The seconds until nothing is undone. Then every job has left its effect, once."""
        took = self.wait_until(lambda: not self.undone() and set(names) <= set(self.effects()), timeout_s)
        assert self.effects() == Counter(names)
        return took


@contextmanager
def opened(server_url: str, *, is_bypassed: bool = False) -> Iterator[Workshop]:
    with fresh_database(server_url) as url, tempfile.TemporaryDirectory(prefix="workshop-") as folder:
        migrations.migrate(url)
        made = Workshop(Path(folder), url, is_bypassed=is_bypassed)
        try:
            yield made
        finally:
            made.stop()
