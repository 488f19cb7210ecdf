"""What measuring costs: ``python -m tests.core.cost_of_measuring``, with ``PROMETHEUS_MULTIPROC_DIR`` or without.

Two platforms in one process, one of them without anything that measures, are asked for the same in turns.
"""

import io
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from courseplatform import db, measuring, migrations
from courseplatform.metrics import pool
from courseplatform.testing import PLUGINS, Client, embedded_server, fresh_database, make_app
from plugins.accounts.testing import make_user
from plugins.courses.testing import make_course

ROUNDS, TIMES = 60, 60


def ask(app: Any, path: str, token: str) -> None:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "courses.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    b"".join(app(environ, lambda *_: None))


def took_us(app: Any, path: str, token: str) -> float:
    """Of this thread's own time, which others on the machine disturb least."""
    began = time.thread_time()
    for _ in range(TIMES):
        ask(app, path, token)
    return (time.thread_time() - began) / TIMES * 1e6


def without_measuring(url: str, folder: Path) -> Any:
    with (
        patch.object(measuring, "measuring_tween_factory", lambda handler, registry: handler),
        patch.object(db, "count_statements", lambda engine: None),
        patch.object(pool, "watch_pool", lambda registry: None),
    ):
        return make_app(url, folder)


def compare(url: str, folder: Path) -> None:
    measured = make_app(url, folder)
    migrations.migrate_all(url, measured.registry["migrations"])
    apps = without_measuring(url, folder), measured
    teacher = make_user(Client(measured), "teacher")
    course = make_course(Client(measured), teacher)
    for path, token in (("/health/live", ""), ("/api/problems/not_found/", ""), (course, teacher.token or "")):
        rounds = [[took_us(app, path, token) for app in apps] for _ in range(ROUNDS)][5:]
        bare_us, measured_us = (statistics.quantiles(each, n=10)[0] for each in zip(*rounds, strict=True))
        print(f"{path[:26]:28}{bare_us:6.0f} µs  +{measured_us - bare_us:5.1f} µs  × {measured_us / bare_us:.3f}")
    for app in apps:
        app.registry["db.engine"].dispose()


def main() -> None:
    PLUGINS[:] = ["plugins.courses"]
    made = tempfile.TemporaryDirectory(prefix="courseplatform-cost-", ignore_cleanup_errors=True)
    with made as name, embedded_server(Path(name) / "data") as server, fresh_database(server) as url:
        compare(url, Path(name))


if __name__ == "__main__":
    main()
