"""The SQL of each migration, as it reaches the server: ``python -m tests.migration_sql FOLDER`` writes a file for each.

They are run one after the other on an empty PostgreSQL of their own, since some look before they act; what only asks is
left out.
"""

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event

from courseplatform import migrations
from courseplatform.testing import embedded_server

#: What a migration's author says to squawk: ``# squawk-ignore RULE: reason``.
IGNORED = re.compile(r"(?m)^# squawk-ignore ([a-z-]+): \S")
#: What env.py begins every connection with.
BEGINNING = "SET lock_timeout = '500ms';"
#: Statements of Alembic's and of env.py, the same for every migration.
OTHERS = ("SELECT", "INSERT INTO alembic_version", "UPDATE alembic_version", "CREATE TABLE alembic_version")


class Recorder:
    """The statements of whoever migrates meanwhile, and where its transactions begin and end."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_open = False
        self.heard = {"before_cursor_execute": self.note, "commit": self.end}

    def note(self, connection: Connection, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.lstrip().startswith(OTHERS):
            return
        if connection.connection.dbapi_connection.autocommit:
            self.end()
        elif not self.is_open:
            self.lines.append("BEGIN;")
            self.is_open = True
        told = cursor.mogrify(statement, parameters).decode() if parameters else statement
        self.lines.append(told.strip().rstrip(";") + ";")

    def end(self, *_: Any) -> None:
        if self.is_open:
            self.lines.append("COMMIT;")
            self.is_open = False

    def __enter__(self) -> "Recorder":
        for name, hear in self.heard.items():
            event.listen(Engine, name, hear)
        return self

    def __exit__(self, *_: object) -> None:
        for name, hear in self.heard.items():
            event.remove(Engine, name, hear)
        self.end()


def write(folder: Path, url: str) -> list[Path]:
    """The files, the oldest first."""
    scripts = reversed(list(ScriptDirectory.from_config(migrations.config(url)).walk_revisions()))
    written = []
    for script in scripts:
        with Recorder() as recorder:
            migrations.migrate(url, script.revision)
        written.append(folder / f"{Path(script.path).stem}.sql")
        rules = IGNORED.findall(Path(script.path).read_text())
        ignored = [f"-- squawk-ignore-file {', '.join(rules)}"] if rules else []
        written[-1].write_text("\n\n".join([*ignored, BEGINNING, *recorder.lines]) + "\n")
    return written


def main(folder: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    made = tempfile.TemporaryDirectory(prefix="courseplatform-sql-", ignore_cleanup_errors=True)
    with made as place, embedded_server(Path(place) / "data") as url:
        for path in write(Path(folder), url):
            print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
