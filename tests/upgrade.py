"""The upgrade from what was before: ``python -m tests.upgrade SOURCE`` with a checkout of the older release.

Its own code fills a database with the demo's people and courses; then this code migrates it. Nothing may be lost,
models and tables may not differ, and the platform has to be ready and show the courses.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pyramid.paster import get_appsettings
from sqlalchemy import create_engine, text

from courseplatform import migrations
from courseplatform.db import postgresql_url
from courseplatform.testing import Client, embedded_server, fresh_database, make_app

ROOT = Path(__file__).resolve().parents[1]
#: A migration may keep the same in other tables. What is counted here it moves only together with this line.
KEPT = ("users", "courses", "lessons", "assignments", "enrollments", "submissions", "reviews", "comments")


def run(source: Path, url: str, folder: Path, *command: str) -> None:
    """``courseplatform …`` with the code of another checkout."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(source),
        "DATABASE_URL": url,
        "COURSEPLATFORM_VAR_DIR": str(folder),
        "COURSEPLATFORM_ACCOUNTS_ARGON2_MEMORY_KIB": "64",  # the demo hashes many passwords
    }
    name, *options = command
    line = [Path(sys.executable).with_name("courseplatform"), name, source / "development.ini", *options]
    subprocess.run(line, env=environ, check=True, cwd=folder)


def counts(url: str) -> dict[str, int]:
    engine = create_engine(postgresql_url(url))
    with engine.connect() as connection:
        found = {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in KEPT}
    engine.dispose()
    return found


def upgrade(source: Path, url: str, folder: Path) -> None:
    run(source, url, folder, "demo")
    before, at = counts(url), migrations.current(url)
    assert all(before.values()), before
    run(ROOT, url, folder, "migrate")
    assert counts(url) == before
    migrations.check_drift(url)
    plugins = get_appsettings(str(ROOT / "development.ini"))["courseplatform.plugins"]
    app = make_app(url, folder, **{"courseplatform.plugins": plugins})
    client = Client(app)
    client.get("/health/ready")
    assert client.get("/api/courses/").json["results"]
    app.registry["db.engine"].dispose()
    print(f"From {', '.join(at)} to {', '.join(migrations.current(url))}, with {sum(before.values())} rows.")


def main(source: str) -> None:
    place = tempfile.TemporaryDirectory(prefix="courseplatform-upgrade-", ignore_cleanup_errors=True)
    with place as folder, embedded_server(Path(folder) / "data") as server, fresh_database(server) as url:
        upgrade(Path(source).resolve(), url, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
