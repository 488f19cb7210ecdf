"""A real streaming replica of an embedded PostgreSQL, made by pg_basebackup."""

import shutil
import subprocess
from pathlib import Path

import sqlalchemy as sa

from courseplatform.db import postgresql_url
from courseplatform.embedded import import_server


class Standby:
    """Of the server whose data is in ``primary``; its own is in the folder ``standby`` beside it."""

    def __init__(self, primary: Path, primary_url: str) -> None:
        self.server = import_server(primary.parent).get_server(primary)
        self.folder = primary.parent / "standby"
        self.folder.mkdir()
        if self.server.system_user is not None:
            shutil.chown(self.folder, self.server.system_user)
        self.data, behind = self.folder / "data", sa.make_url(postgresql_url(primary_url))
        self.url = behind.set(query={"host": str(self.folder)}).render_as_string(hide_password=False)
        where = ("-h", str(behind.query["host"]), "-U", "postgres")
        self.run("pg_basebackup", *where, "-D", str(self.data), "-X", "stream", "-c", "fast", "-R")

    def run(self, command: str, *arguments: str) -> None:
        line = [self.server.bin_path / command, *arguments]
        subprocess.run(line, user=self.server.system_user, cwd="/", check=True, stdout=subprocess.DEVNULL, timeout=60)

    def start(self) -> None:
        options = f"-h '' -k {self.folder}"
        self.run("pg_ctl", "-D", str(self.data), "-w", "-o", options, "-l", str(self.folder / "log"), "start")

    def stop(self) -> None:
        """At once, whoever is connected."""
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "-D", str(self.data), "-m", "immediate", "stop")

    def pause(self) -> None:
        """It goes on answering, and hears no news."""
        self.ask("SELECT pg_wal_replay_pause()")

    def resume(self) -> None:
        self.ask("SELECT pg_wal_replay_resume()")

    def ask(self, sql: str) -> None:
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(sql))
