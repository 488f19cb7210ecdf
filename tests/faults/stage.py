"""The platform as in production, by ``production.ini``, with everything that can go wrong at hand."""

import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from courseplatform import main, migrations
from courseplatform.testing import Client, without_environment
from plugins.accounts.testing import Actor, make_user
from plugins.courses.testing import make_course
from plugins.lessons.testing import make_lesson
from tests.factories.assignments import make_assignment
from tests.faults.watch import Receiver
from tests.functional.platform import ROOT, Platform, free_port
from tests.postgres_server import PostgresServer
from tests.redis_server import RedisServer
from tests.tcp_proxy import TcpProxy

START_TIMEOUT_S = 60
#: By itself a job that was abandoned is taken up again within two minutes.
LEASE_S = 120
DATABASE = "courses"
SETTINGS = {
    "accounts.argon2_memory_kib": "64",
    "accounts.argon2_rounds": "1",
    "accounts.require_verified_email": "false",
    "http.base_url": "https://courses.test",
    "webhooks.allow_http": "true",
    "webhooks.allowed_ports": "any",
    "webhooks.allowed_private_networks": "127.0.0.0/8",
    **{f"limits.{name}": "1000000/minute" for name in ("registration", "sign_in", "sign_in_address", "replays")},
    **{f"limits.{name}": "1000000/minute" for name in ("reads", "writes")},
}


class Serving:
    """One process that serves. ``clients_port``: where clients find it, its own or that of its ``proxy``."""

    def __init__(self) -> None:
        self.port = self.clients_port = free_port()
        self.proxy = TcpProxy(self.port)
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, path: str, timeout_s: float = 10) -> int:
        """The status of an answer. Raises: requests.RequestException."""
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=timeout_s).status_code

    def is_ready(self) -> bool:
        try:
            return self.ask("/health/ready") == 200
        except requests.RequestException:
            return False


class Stage:
    def __init__(self, folder: Path, apps: int = 2) -> None:
        self.folder, self.log = folder, folder / "processes.log"
        self.log.touch()
        ini = (ROOT / "production.ini").read_text()
        self.plugins = " ".join(ini.partition("courseplatform.plugins =")[2].partition("\n\n")[0].split())
        self.secret = secrets.token_urlsafe(48)
        self.files = folder / "var"
        self.files.mkdir(exist_ok=True)
        self.postgres = PostgresServer(folder / "postgres")
        self.postgres.start()
        self.postgres.execute(f"CREATE DATABASE {DATABASE}")
        migrations.migrate(self.postgres.url(DATABASE))
        self.database_proxy = TcpProxy(self.postgres.port)
        self.redis = RedisServer(folder)
        self.redis.start()
        self.receiver = Receiver()
        self.environ = self.environment()
        self.apps = [Serving() for _ in range(apps)]
        self.background: dict[str, subprocess.Popen[bytes]] = {}
        self.app = self.own_app()
        self.registry = self.app.registry
        self.set_up_world()

    def settings(self) -> dict[str, str]:
        return {
            **SETTINGS,
            "accounts.token_secret": self.secret,
            "courseplatform.var_dir": str(self.files),
            "mail.folder": str(self.folder / "mail"),
            "redis.url": self.redis.url,
        }

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("COURSEPLATFORM_", "DATABASE_", "REDIS_"))}
        names = {f"COURSEPLATFORM_{name.removeprefix('courseplatform.')}": v for name, v in self.settings().items()}
        ours = {name.upper().replace(".", "_"): value for name, value in names.items()}
        del ours["COURSEPLATFORM_REDIS_URL"]
        url = self.postgres.url(DATABASE, self.database_proxy.port)
        return {**kept, **ours, "DATABASE_URL": url, "REDIS_URL": self.redis.url, "PYTHONPATH": str(ROOT)}

    def own_app(self) -> Any:
        """An application in this process, which asks the database past the proxy."""
        database = {"database.url": self.postgres.url(DATABASE), "jobs.in_process": "false"}
        with without_environment():
            return main({}, **self.settings(), **database, **{"courseplatform.plugins": self.plugins})

    def set_up_world(self) -> None:
        anyone = Client(self.app)
        self.teacher: Actor = make_user(anyone, "teacher")
        self.course = make_course(anyone, self.teacher)
        self.lesson = make_lesson(anyone, self.course)
        self.assignments = [make_assignment(anyone, self.lesson, title=title) for title in ("Text", "File")]

    # Processes

    def start(self) -> None:
        for app in self.apps:
            self.start_app(app)
        self.start_background("worker", "--processes", "2")
        self.start_background("scheduler")
        self.wait_until(lambda: all(app.is_ready() for app in self.apps), START_TIMEOUT_S, "the platform starts")
        self.add_webhook()

    def start_app(self, app: Serving, **environ: str) -> None:
        port = {"COURSEPLATFORM_SERVER_PORT": str(app.port)}
        app.process = self.popen("pserve", ROOT / "production.ini", **port, **environ)

    def start_background(self, name: str, *options: str, **environ: str) -> None:
        self.background[name] = self.popen("courseplatform", name, ROOT / "production.ini", *options, **environ)

    def restart_all(self, **environ: str) -> None:
        """Everything that is ours anew, with these variables too."""
        for process in self.processes():
            process.kill()
            process.wait()
        for app in self.apps:
            self.start_app(app, **environ)
        self.start_background("worker", "--processes", "2", **environ)
        self.start_background("scheduler", **environ)
        self.wait_until(lambda: all(app.is_ready() for app in self.apps), START_TIMEOUT_S, "the platform starts")

    def popen(self, name: str, *arguments: Any, **environ: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            line = [Platform.script(name), *arguments]
            return subprocess.Popen(line, env={**self.environ, **environ}, stdout=log, stderr=log)

    def command(self, name: str, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
        line = [Platform.script("courseplatform"), name, ROOT / "production.ini", *options]
        return subprocess.run(line, env={**self.environ, **environ}, capture_output=True, text=True, timeout=60)

    def processes(self) -> list[subprocess.Popen[bytes]]:
        return [*(app.process for app in self.apps if app.process is not None), *self.background.values()]

    def add_webhook(self) -> None:
        answer = requests.post(
            f"http://127.0.0.1:{self.apps[0].port}/api/webhooks/",
            json={"url": self.receiver.url, "course_id": self.course.rstrip("/").rpartition("/")[2]},
            headers={"Authorization": f"Bearer {self.teacher.token}"},
            timeout=10,
        )
        assert answer.status_code == 201, answer.text

    def stop(self) -> None:
        for process in self.processes():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.registry["db.engine"].dispose()
        self.redis.kill()
        self.postgres.kill()
        self.receiver.close()
        for proxy in (self.database_proxy, *(app.proxy for app in self.apps)):
            proxy.close()

    # Looking

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Past the proxy."""
        return self.postgres.execute(statement, *values, database=DATABASE)

    def end_leases(self) -> None:
        """Spare us the leases of what nobody works on any more: jobs, and webhooks that a worker was talking with."""
        is_due = "WHERE done_at IS NULL AND dead_at IS NULL AND due_at <= now()"
        ((longest_s,),) = self.execute(
            f"SELECT coalesce(extract(epoch FROM max(take_at) - now()), 0) FROM outbox {is_due}"
        )
        assert longest_s < LEASE_S, "a job may be abandoned for more than two minutes"
        self.execute(f"UPDATE outbox SET take_at = now() {is_due}")
        self.execute("UPDATE webhooks SET busy_until = NULL")
        self.execute("DELETE FROM periodic_runs WHERE name LIKE '%.resume_deliveries'")  # it looks once a minute

    def wait_until(self, is_so: Callable[[], Any], timeout_s: float, what: str) -> float:
        """The seconds that it took. Raises: AssertionError, with the end of the processes' log."""
        began = time.monotonic()
        while not is_so():
            took = time.monotonic() - began
            assert took < timeout_s, f"not within {timeout_s} s: {what}\n" + self.log.read_text()[-3000:]
            time.sleep(0.05)
        return time.monotonic() - began


@contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[None]:
    """``folder`` is a file system of its own meanwhile. Raises: subprocess.CalledProcessError where we may not."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m,mode=755", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def opened(disks_mib: dict[str, int] | None = None) -> Iterator[Stage]:
    """A stage that runs. ``disks_mib``: which of its folders ``postgres`` and ``var`` are small file systems.

    Raises: subprocess.CalledProcessError where we may not mount.
    """
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's user has to get through
        for disk, size_mib in (disks_mib or {}).items():
            stack.enter_context(small_disk(folder / disk, size_mib))
        stage = Stage(folder)
        try:
            stage.start()
            yield stage
        finally:
            stage.stop()
