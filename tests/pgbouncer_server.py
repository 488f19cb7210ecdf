"""The real pgbouncer with ``deploy/pgbouncer/pgbouncer.ini``, in front of a server of the tests."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

BINARY = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
CONFIGURATION = Path(__file__).resolve().parents[1] / "deploy/pgbouncer/pgbouncer.ini"
PASSWORD = "known-to-tests"


@contextmanager
def pgbouncer(database_url: str, pool_size: int, **settings: str) -> Iterator[str]:
    """A pooler's URL for the database, with so many connections to it. ``settings`` are others of its file."""
    behind = sa.make_url(database_url)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = {"host": behind.host or behind.query.get("host"), "port": behind.port or 5432, "dbname": behind.database}
    # Not pytest's own folder, which is closed to others.
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        changes = {
            "host=postgres.internal port=5432 dbname=courses": " ".join(
                f"{key}={value}" for key, value in where.items()
            ),
            "courses = ": f"{behind.database} = ",
            "listen_addr = *": "listen_addr = 127.0.0.1",
            "listen_port = 6432": f"listen_port = {port}\nunix_socket_dir =",
            "/etc/pgbouncer/": f"{folder}/",
            "default_pool_size = 16": f"default_pool_size = {pool_size}",
        }
        text = CONFIGURATION.read_text()
        for before, after in changes.items():
            assert before in text, before
            text = text.replace(before, after)
        for name, value in settings.items():
            text, count = re.subn(rf"(?m)^{name} =.*$", f"{name} = {value}", text)
            assert count == 1, name
        Path(folder, "pgbouncer.ini").write_text(text)
        Path(folder, "userlist.txt").write_text(f'"{behind.username}" "{PASSWORD}"\n')
        Path(folder).chmod(0o755)
        # It refuses to be root. The embedded server's socket is its own user's.
        owner = Path(str(where["host"])).owner() if str(where["host"]).startswith("/") else "nobody"
        user = ("-u", owner) if os.getuid() == 0 else ()
        log = Path(folder, "log")
        with log.open("wb") as out:
            command = [BINARY, *user, f"{folder}/pgbouncer.ini"]
            process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=out)
        try:
            until = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert process.poll() is None and time.monotonic() < until, log.read_text()
                    time.sleep(0.02)
            yield f"postgresql+psycopg2://{behind.username}:{PASSWORD}@127.0.0.1:{port}/{behind.database}"
        finally:
            process.terminate()
            process.wait(timeout=10)
